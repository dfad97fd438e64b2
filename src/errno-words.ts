/** What keeps a file from being written, in words; others are told as the system does. */
export const errnoWords: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such directory',
  EACCES: 'it is not allowed there: name another place',
  EROFS: 'the file system there is read-only: name another place',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
};
