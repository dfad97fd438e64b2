// SPDX-License-Identifier: MIT
/* Prints src/kernel/neighbour-layout.ts from neighbour-record.h: the wire layout is stated there and nowhere else. */
#include <stddef.h>
#include <stdio.h>
#include <linux/types.h>

#include "neighbour-record.h"

#define FIELD(field, name) printf("  %s: %zu,\n", name, offsetof(struct arpwhy_event, field))
#define NUMBER(name, value) printf("  %s: %d,\n", name, (int)(value))

static void event(void)
{
	printf("\nexport const event = {\n  bytes: %zu,\n", sizeof(struct arpwhy_event));
#define F(field, name) FIELD(field, name)
	F(bytes, "size"); F(version, "version"); F(cpu, "cpu"); F(kind, "kind"); F(id, "id"); F(start_ns, "startNs");
	F(end_ns, "endNs"); F(asked_ns, "askedNs"); F(asked_id, "askedId"); F(neigh, "neigh"); F(age, "age"); F(ip, "ip");
	F(arp, "arp"); F(destination, "destination"); F(source, "source"); F(mac, "mac"); F(old_mac, "oldMac");
	F(net, "net"); F(cookie, "cookie"); F(location, "location"); F(netns, "netns"); F(ifindex, "ifindex");
	F(device, "device"); F(flags, "flags"); F(device_flags, "deviceFlags"); F(device_type, "deviceType"); F(hz, "hz");
	F(address_len, "addressLength"); F(packet_type, "packetType"); F(closed, "closed"); F(place, "place");
	F(arp_bytes, "arpBytes"); F(sender_type, "senderType"); F(state, "state"); F(old_state, "oldState");
	F(wanted, "wanted"); F(packet_proto, "packetProto"); F(route_type, "routeType");
	F(drop_reason, "dropReason"); F(err, "err"); F(update_flags, "updateFlags"); F(netlink_pid, "netlinkPid");
	F(locktime, "locktime"); F(probes, "probes"); F(queued, "queued"); F(waited, "waited");
	F(pid, "pid"); F(tgid, "tgid"); F(command, "command"); F(all, "all"); F(dev, "dev");
	F(packet_source, "packetSource"); F(packet_target, "packetTarget"); F(packet_iif, "packetIif");
	F(packet_mark, "packetMark"); F(stamps, "stamps"); F(lookups, "lookups"); F(cut, "cut"); F(stack, "stack");
	F(lookup, "lookup"); F(flow, "flow");
#undef F
	printf("} as const;\n");
}

int main(void)
{
	printf("// Made by bpf/neighbour-layout.c from bpf/neighbour-record.h. Do not edit: run `make layout`.\n\n");
	printf("export const neighbourVersion = %d;\n", ARPWHY_NEIGHBOUR_VERSION);
	printf("export const stackEntries = %d;\n", ARPWHY_STACK);
	event();
	printf("\nexport const eventKind = {\n");
	NUMBER("learned", ARPWHY_LEARNED); NUMBER("asked", ARPWHY_ASKED); NUMBER("forPacket", ARPWHY_FOR_PACKET);
	NUMBER("timer", ARPWHY_TIMER); NUMBER("admin", ARPWHY_ADMIN); NUMBER("removed", ARPWHY_REMOVED);
	printf("} as const;\n\nexport const entryFlag = {\n");
	NUMBER("created", ARPWHY_ENTRY_CREATED); NUMBER("noRoom", ARPWHY_ENTRY_NO_ROOM);
	NUMBER("updated", ARPWHY_ENTRY_UPDATED); NUMBER("done", ARPWHY_ENTRY_DONE); NUMBER("dead", ARPWHY_ENTRY_DEAD);
	NUMBER("senderTyped", ARPWHY_ENTRY_SENDER_TYPED); NUMBER("typedFirst", ARPWHY_ENTRY_TYPED_FIRST);
	NUMBER("knownStart", ARPWHY_ENTRY_KNOWN_START); NUMBER("hasDst", ARPWHY_ENTRY_HAS_DST);
	NUMBER("hasInDevice", ARPWHY_ENTRY_HAS_IN_DEVICE); NUMBER("bySocket", ARPWHY_ENTRY_BY_SOCKET);
	NUMBER("kernelThread", ARPWHY_ENTRY_KERNEL_THREAD); NUMBER("askedBySocket", ARPWHY_ENTRY_ASKED_BY_SOCKET);
	NUMBER("customRules", ARPWHY_ENTRY_CUSTOM_RULES); NUMBER("secondPass", ARPWHY_ENTRY_SECOND_PASS);
	printf("} as const;\n\n/** Sysctl names in the order of `event.all` and `event.dev`. */\n");
	printf("export const entrySettings = [\n  'arp_accept',\n  'drop_gratuitous_arp',\n  'route_localnet',\n"
	       "  'arp_announce',\n  'forwarding',\n] as const;\n");
	return 0;
}
