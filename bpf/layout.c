// SPDX-License-Identifier: MIT
/* Prints src/kernel/layout.ts from record.h and change-record.h: the wire layout is stated there and nowhere else. */
#include <stddef.h>
#include <stdio.h>
#include <linux/types.h>

#include "record.h"
#include "change-record.h"

#define START(type, name) printf("\nexport const %s = {\n  bytes: %zu,\n", name, sizeof(struct type))
#define FIELD(type, field, name) printf("  %s: %zu,\n", name, offsetof(struct type, field))
#define END() printf("} as const;\n")
#define VALUE(name, value) printf("export const %s = %d;\n", name, (int)(value))

static void record(void)
{
	START(arpwhy_record, "record");
#define F(field, name) FIELD(arpwhy_record, field, name)
	F(bytes, "size"); F(version, "version"); F(cpu, "cpu"); F(id, "id"); F(start_ns, "startNs");
	F(end_ns, "endNs"); F(reply_ns, "replyNs"); F(slot, "slot"); F(parts, "parts");
	F(destination, "destination"); F(source, "source"); F(sha, "senderMac"); F(sip, "senderIp");
	F(tha, "targetMac"); F(tip, "targetIp");
#undef F
	END();
}

static void wait(void)
{
	START(arpwhy_wait, "wait");
#define F(field, name) FIELD(arpwhy_wait, field, name)
	F(skb, "skb"); F(first, "first"); F(first_ns, "firstNs");
#undef F
	END();
}

static void body(void)
{
	START(arpwhy_body, "body");
#define F(field, name) FIELD(arpwhy_body, field, name)
	F(net, "net"); F(netns, "netns"); F(ifindex, "ifindex");
	F(device, "device"); F(device_flags, "deviceFlags"); F(frame_len, "frameLength"); F(flags, "flags");
	F(device_type, "deviceType"); F(address_len, "addressLength"); F(packet_type, "packetType");
	F(closed, "closed"); F(place, "place"); F(neighbours, "neighbours"); F(lookups, "lookups");
	F(flows, "flows"); F(gates, "gates"); F(cut, "cut"); F(hz, "hz"); F(arp, "arp"); F(arp_bytes, "arpBytes");
	F(reply_mac, "replyMac"); F(route_type, "routeType"); F(route_error, "routeError");
	F(route_ifindex, "routeIfindex"); F(route_gateway, "routeGateway");
	F(out_medium_id, "outMediumId"); F(proxy_delay, "proxyDelay"); F(proxy_qlen, "proxyQlen");
	F(queued, "queued"); F(all, "all"); F(dev, "dev"); F(stamps, "stamps");
#undef F
	END();
}

static void wide(void)
{
	START(arpwhy_wide, "wide");
#define F(field, name) FIELD(arpwhy_wide, field, name)
	F(all, "all"); F(dev, "dev");
#undef F
	END();
}

static void detail(void)
{
	START(arpwhy_detail, "detail");
#define F(field, name) FIELD(arpwhy_detail, field, name)
	F(location, "location"); F(reply_location, "replyLocation"); F(drop_reason, "dropReason");
	F(reply_drop_reason, "replyDropReason");
#undef F
	END();
}

static void neighbour(void)
{
	START(arpwhy_neighbour, "neighbour");
#define F(field, name) FIELD(arpwhy_neighbour, field, name)
	F(change, "change"); F(state, "state"); F(old_state, "oldState"); F(done, "done"); F(mac, "mac");
	F(old_mac, "oldMac"); F(err, "err");
#undef F
	END();
}

static void lookup(void)
{
	START(arpwhy_lookup, "lookup");
#define F(field, name) FIELD(arpwhy_lookup, field, name)
	F(table, "table"); F(iif, "iif"); F(device, "device"); F(gateway, "gateway"); F(metric, "metric");
	F(role, "role"); F(error, "error"); F(flags, "flags"); F(gateway_family, "gatewayFamily");
	F(type, "type"); F(protocol, "protocol"); F(nexthops, "nexthops"); F(prefix_length, "prefixLength");
	F(rule, "rule");
#undef F
	END();
}

static void gates(void)
{
	START(arpwhy_gates, "gates");
#define F(field, name) FIELD(arpwhy_gates, field, name)
	F(seen, "seen"); F(value, "value");
#undef F
	END();
}

static void flow(void)
{
	START(arpwhy_flow, "flow");
#define F(field, name) FIELD(arpwhy_flow, field, name)
	F(oif, "oif"); F(l3mdev, "l3mdev"); F(mark, "mark"); F(sport, "sport"); F(dport, "dport");
	F(dscp, "dscp"); F(scope, "scope"); F(proto, "proto");
#undef F
	END();
}

static void counters(void)
{
	START(arpwhy_counters, "counters");
#define F(field, name) FIELD(arpwhy_counters, field, name)
	F(seen, "seen"); F(lost, "lost"); F(lost_passes, "lostPasses"); F(abandoned, "abandoned");
	F(untracked, "untracked"); F(cut, "cut"); F(lost_first_ns, "lostFirstNs");
	F(lost_last_ns, "lostLastNs"); F(frames, "frames"); F(filtered, "filtered");
#undef F
	END();
}

static void generation(void)
{
	START(arpwhy_generation, "generation");
#define F(field, name) FIELD(arpwhy_generation, field, name)
	F(net, "net"); F(links, "links"); F(rules, "rules"); F(bindings, "bindings"); F(stamps, "stamps"); F(devices, "devices");
	F(addresses, "addresses"); F(netns, "netns"); F(partial, "partial"); F(strange, "strange"); F(ns, "ns");
#undef F
	END();
}

static void change(void)
{
	START(arpwhy_change, "change");
#define F(field, name) FIELD(arpwhy_change, field, name)
	F(bytes, "size"); F(version, "version"); F(what, "what"); F(cause, "cause"); F(ns, "ns");
	F(netns, "netns"); F(cause_ifindex, "causeIfindex"); F(cause_device, "causeDevice"); F(pid, "pid");
	F(parent, "parent"); F(name, "name"); F(parent_name, "parentName"); F(kernel_thread, "kernelThread");
	F(route, "body");
#undef F
	END();
	START(arpwhy_way, "way");
#define F(field, name) FIELD(arpwhy_way, field, name)
	F(known, "known"); F(protocol, "protocol"); F(nexthops, "nexthops"); F(gateway_family, "gatewayFamily");
	F(metric, "metric"); F(object, "object"); F(ifindex, "ifindex"); F(gateway, "gateway"); F(device, "device");
#undef F
	END();
	START(arpwhy_change_route, "changeRoute");
#define F(field, name) FIELD(arpwhy_change_route, field, name)
	F(table, "table"); F(dst, "dst"); F(length, "length"); F(type, "type"); F(tos, "tos"); F(count, "count");
	F(way, "way"); F(was, "was");
#undef F
	END();
	START(arpwhy_change_rule, "changeRule");
#define F(field, name) FIELD(arpwhy_change_rule, field, name)
	F(priority, "priority"); F(table, "table"); F(target, "target"); F(mark, "mark"); F(mark_mask, "markMask");
	F(src, "src"); F(dst, "dst"); F(src_len, "srcLength"); F(dst_len, "dstLength"); F(tos, "tos");
	F(action, "action"); F(invert, "invert"); F(l3mdev, "l3mdev"); F(ip_proto, "ipProtocol"); F(tunnel, "tunnel");
	F(suppress_prefixlen, "suppressPrefixLength"); F(suppress_ifgroup, "suppressGroup"); F(sport, "sport");
	F(dport, "dport"); F(uid, "uid"); F(iif, "iif"); F(oif, "oif");
#undef F
	END();
	START(arpwhy_change_link, "changeLink");
#define F(field, name) FIELD(arpwhy_change_link, field, name)
	F(ifindex, "ifindex"); F(flags, "flags"); F(name, "name"); F(carrier, "carrier");
#undef F
	END();
	START(arpwhy_change_address, "changeAddress");
#define F(field, name) FIELD(arpwhy_change_address, field, name)
	F(ip, "ip"); F(peer, "peer"); F(ifindex, "ifindex"); F(length, "length"); F(scope, "scope");
	F(device, "device");
#undef F
	END();
	printf("\nexport const what = {\n  routeAdded: %d,\n  routeRemoved: %d,\n  routeReplaced: %d,\n"
	       "  tableFlushed: %d,\n  ruleAdded: %d,\n  ruleRemoved: %d,\n  link: %d,\n  addressAdded: %d,\n"
	       "  addressRemoved: %d,\n} as const;\n", ARPWHY_ROUTE_ADDED, ARPWHY_ROUTE_REMOVED, ARPWHY_ROUTE_REPLACED,
	       ARPWHY_TABLE_FLUSHED, ARPWHY_RULE_ADDED, ARPWHY_RULE_REMOVED, ARPWHY_LINK, ARPWHY_ADDRESS_ADDED,
	       ARPWHY_ADDRESS_REMOVED);
	printf("\nexport const cause = {\n  message: %d,\n  linkUp: %d,\n  linkDown: %d,\n  linkRemoved: %d,\n"
	       "  carrier: %d,\n  linkEnslaved: %d,\n  addressAdded: %d,\n  addressRemoved: %d,\n"
	       "} as const;\n", ARPWHY_BY_MESSAGE, ARPWHY_LINK_UP, ARPWHY_LINK_DOWN, ARPWHY_LINK_REMOVED,
	       ARPWHY_CARRIER, ARPWHY_LINK_ENSLAVED, ARPWHY_BY_ADDRESS_ADDED, ARPWHY_BY_ADDRESS_REMOVED);
}

int main(void)
{
	printf("// Made by bpf/layout.c from bpf/record.h. Do not edit: run `make layout`.\n\n");
	VALUE("recordVersion", ARPWHY_RECORD_VERSION);
	VALUE("maxLookups", ARPWHY_MAX_LOOKUPS);
	VALUE("maxNeighbours", ARPWHY_MAX_NEIGHBOURS);
	VALUE("settingsCount", ARPWHY_SETTINGS);
	VALUE("noSlot", ARPWHY_NO_SLOT);
	VALUE("changeVersion", ARPWHY_CHANGE_VERSION);
	record();
	wait();
	body();
	neighbour();
	lookup();
	flow();
	gates();
	wide();
	detail();
	counters();
	generation();
	change();
	printf("\nexport const closed = { consumed: %d, dropped: %d, deferred: %d } as const;\n", ARPWHY_CONSUMED,
	       ARPWHY_DROPPED, ARPWHY_DEFERRED);
	printf("\nexport const place = {\n  arpProcess: %d,\n  arpRcv: %d,\n  netfilter: %d,\n  tc: %d,\n  xdp: %d,\n"
	       "  proxyQueue: %d,\n} as const;\n", ARPWHY_IN_ARP_PROCESS, ARPWHY_IN_ARP_RCV, ARPWHY_IN_NETFILTER,
	       ARPWHY_IN_TC, ARPWHY_IN_XDP, ARPWHY_IN_PROXY_QUEUE);
	printf("\nexport const part = { body: %d, wait: %d } as const;\n", ARPWHY_HAS_BODY, ARPWHY_HAS_WAIT);
	printf("\nexport const flag = {\n  hasInDevice: %d,\n  hasDst: %d,\n  hasStart: %d,\n  secondPass: %d,\n"
	       "  replyQueued: %d,\n  replyDropped: %d,\n  settingsMoved: %d,\n  noAddress: %d,\n  customRules: %d,\n"
	       "  customLocal: %d,\n  classidUsers: %d,\n  tableFull: %d,\n  sameSkb: %d,\n  stampsMoved: %d,\n"
	       "  wideSettings: %d,\n  hasDetail: %d,\n} as const;\n",
	       ARPWHY_HAS_IN_DEVICE, ARPWHY_HAS_DST, ARPWHY_HAS_START, ARPWHY_SECOND_PASS, ARPWHY_REPLY_QUEUED,
	       ARPWHY_REPLY_DROPPED, ARPWHY_SETTINGS_MOVED, ARPWHY_NO_ADDRESS, ARPWHY_CUSTOM_RULES,
	       ARPWHY_CUSTOM_LOCAL, ARPWHY_CLASSID_USERS, ARPWHY_TABLE_FULL, ARPWHY_SAME_SKB, ARPWHY_STAMPS_MOVED,
	       ARPWHY_WIDE_SETTINGS, ARPWHY_HAS_DETAIL);
	printf("\nexport const role = { target: %d, source: %d, bareSender: %d, bareTarget: %d } as const;\n",
	       ARPWHY_FOR_TARGET, ARPWHY_FOR_SOURCE, ARPWHY_BARE_SENDER, ARPWHY_BARE_TARGET);
	printf("\nexport const lookupFlag = {\n  hasInfo: %d,\n  hasFlow: %d,\n  hasPrefix: %d,\n  hasRule: %d,\n"
	       "  suppressed: %d,\n  ruleOnly: %d,\n  byInput: %d,\n} as const;\n", ARPWHY_HAS_INFO, ARPWHY_HAS_FLOW,
	       ARPWHY_HAS_PREFIX, ARPWHY_HAS_RULE, ARPWHY_SUPPRESSED, ARPWHY_RULE_ONLY, ARPWHY_BY_INPUT);
	printf("\nexport const gate = {\n  routeInput: %d,\n  validateSource: %d,\n  ignore: %d,\n  proxyNeighbour: %d,\n"
	       "  eventNs: %d,\n} as const;\n", ARPWHY_ROUTE_INPUT, ARPWHY_VALIDATE_SOURCE, ARPWHY_IGNORE,
	       ARPWHY_PNEIGH_LOOKUP, ARPWHY_EVENT_NS);
	printf("\n/** Sysctl names in the order of `body.all` and `body.dev`. */\nexport const settingNames = [\n");
	static const char *const names[ARPWHY_SETTINGS] = {
		[ARPWHY_FORWARDING] = "forwarding",
		[ARPWHY_PROXY_ARP] = "proxy_arp",
		[ARPWHY_SEND_REDIRECTS] = "send_redirects",
		[ARPWHY_RP_FILTER] = "rp_filter",
		[ARPWHY_ARP_FILTER] = "arp_filter",
		[ARPWHY_MEDIUM_ID] = "medium_id",
		[ARPWHY_ARP_IGNORE] = "arp_ignore",
		[ARPWHY_ARP_ACCEPT] = "arp_accept",
		[ARPWHY_ACCEPT_LOCAL] = "accept_local",
		[ARPWHY_SRC_VALID_MARK] = "src_valid_mark",
		[ARPWHY_PROXY_ARP_PVLAN] = "proxy_arp_pvlan",
		[ARPWHY_ROUTE_LOCALNET] = "route_localnet",
		[ARPWHY_DROP_GRATUITOUS_ARP] = "drop_gratuitous_arp",
		[ARPWHY_BC_FORWARDING] = "bc_forwarding",
	};
	for (int i = 0; i < ARPWHY_SETTINGS; i++)
		printf("  '%s',\n", names[i]);
	printf("] as const;\n");
	return 0;
}
