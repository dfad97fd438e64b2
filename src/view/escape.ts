/**
 * Text from the network or from others' files, made harmless for a terminal: control characters of C0 and C1 (an
 * escape sequence begins with one), and characters that turn the direction of text around.
 */
export function escapeText(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => `\\u{${character.charCodeAt(0).toString(16)}}`,
  );
}
