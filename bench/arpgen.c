// SPDX-License-Identifier: MIT
/*
 * arpgen: send ARP requests, or small UDP packets to be forwarded, from one
 * device at a known rate. A load for measurements, to be run inside a network
 * namespace; it never sends more than it was told to.
 *
 * "sent" counts frames that the device's queue took. What a receiver then
 * drops from its backlog, no sender can see. "waited" are the seconds that
 * something else had the CPU meanwhile.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH		64
#define MAX_COUNT	50000000ULL
#define MAX_RATE	10000000ULL
#define MAX_TARGETS	(1ULL << 24)
#define MAX_RAW		1514
#define MAX_MS		600000ULL
#define NSEC		1000000000ULL
/* A full queue drains in microseconds: one that does not is broken. */
#define STALL_NS	(10 * NSEC)
#define RETRY_NS	50000ULL

enum { EXIT_USAGE = 2 };

struct arp_frame {
	struct ether_header eth;
	struct ether_arp arp;
} __attribute__((packed));

struct udp_frame {
	struct ether_header eth;
	struct iphdr ip;
	struct udphdr udp;
} __attribute__((packed));

union frame {
	struct ether_header eth;
	struct arp_frame arp;
	struct udp_frame udp;
	uint8_t raw[MAX_RAW];
};

struct options {
	const char *dev;
	struct in_addr sender;
	struct in_addr target;
	uint8_t sender_mac[ETH_ALEN];
	uint8_t to[ETH_ALEN];
	bool has_sender, has_target, has_sender_mac, has_to;
	bool udp;
	uint64_t targets;
	uint64_t count;
	uint64_t rate;
	uint64_t for_ms;
	uint64_t op;
	uint64_t sport, dport, tos;
	uint8_t raw[MAX_RAW];
	size_t raw_length;
	int cpu;
};

struct sender {
	int fd;
	struct sockaddr_ll to;
	size_t length;
	union frame frames[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr msgs[BATCH];
};

static const char usage[] =
	"usage: arpgen --dev NAME --sender IP --target IP --count N [options]\n"
	"  --sender-mac MAC  instead of the device's own\n"
	"  --to MAC          instead of broadcast\n"
	"  --targets N       ask for N addresses in turn, from --target on\n"
	"  --op N            ARP operation, 1 (request) unless told\n"
	"  --rate PPS        0 (the default): as fast as it goes\n"
	"  --for-ms N        end after so long, with however many are sent by then\n"
	"  --cpu N           run on this CPU only\n"
	"  --udp             UDP instead of ARP; needs --to\n"
	"  --sport P --dport P  its ports, 40000 and 9 unless told\n"
	"  --tos N           its type of service, 0 unless told\n"
	"  --raw HEX         this whole frame instead, from its MACs on\n";

static _Noreturn void usage_error(const char *option, const char *value,
				  const char *cure)
{
	fprintf(stderr, "arpgen: %s %s: %s (see arpgen --help)\n", option,
		value, cure);
	exit(EXIT_USAGE);
}

static uint64_t parse_number(const char *option, const char *text,
			     uint64_t min, uint64_t max)
{
	char *end;
	char cure[64];
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && !*end && !errno &&
	    value >= min && value <= max)
		return value;
	snprintf(cure, sizeof(cure), "give a number from %llu to %llu",
		 (unsigned long long)min, (unsigned long long)max);
	usage_error(option, text, cure);
}

static struct in_addr parse_ip(const char *option, const char *text)
{
	struct in_addr ip;

	if (inet_pton(AF_INET, text, &ip) != 1)
		usage_error(option, text, "give an IPv4 address");
	return ip;
}

static void parse_mac(const char *option, const char *text, uint8_t *mac)
{
	int end = 0;

	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0],
		   &mac[1], &mac[2], &mac[3], &mac[4], &mac[5], &end) != 6 ||
	    text[end])
		usage_error(option, text, "give a MAC such as 02:00:00:00:00:01");
}

static size_t parse_hex(const char *option, const char *text, uint8_t *to)
{
	size_t length = strlen(text) / 2;
	int end;

	if (strlen(text) % 2 || length < sizeof(struct ether_header) ||
	    length > MAX_RAW)
		usage_error(option, text, "give 14 to 1514 bytes in hexadecimal");
	for (size_t i = 0; i < length; i++)
		if (sscanf(text + 2 * i, "%2hhx%n", &to[i], &end) != 1 || end != 2)
			usage_error(option, text, "give hexadecimal digits only");
	return length;
}

static void need(bool given, const char *option, const char *cure)
{
	if (!given)
		usage_error(option, "is missing", cure);
}

static struct options parse_options(int argc, char **argv)
{
	enum { DEV = 1, SENDER, SENDER_MAC, TARGET, TARGETS, TO, COUNT, RATE,
	       FOR_MS, CPU, OP, UDP, SPORT, DPORT, TOS, RAW, HELP };
	static const struct option known[] = {
		{ "dev", required_argument, NULL, DEV },
		{ "sender", required_argument, NULL, SENDER },
		{ "sender-mac", required_argument, NULL, SENDER_MAC },
		{ "target", required_argument, NULL, TARGET },
		{ "targets", required_argument, NULL, TARGETS },
		{ "to", required_argument, NULL, TO },
		{ "count", required_argument, NULL, COUNT },
		{ "rate", required_argument, NULL, RATE },
		{ "for-ms", required_argument, NULL, FOR_MS },
		{ "cpu", required_argument, NULL, CPU },
		{ "op", required_argument, NULL, OP },
		{ "udp", no_argument, NULL, UDP },
		{ "sport", required_argument, NULL, SPORT },
		{ "dport", required_argument, NULL, DPORT },
		{ "tos", required_argument, NULL, TOS },
		{ "raw", required_argument, NULL, RAW },
		{ "help", no_argument, NULL, HELP },
		{ 0 },
	};
	struct options o = { .targets = 1, .op = ARPOP_REQUEST, .cpu = -1,
			     .sport = 40000, .dport = 9 };
	int which;

	memset(o.to, 0xff, ETH_ALEN);
	while ((which = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (which) {
		case DEV:
			if (!*optarg || strlen(optarg) >= IFNAMSIZ)
				usage_error("--dev", optarg,
					    "give a device of 1 to 15 bytes");
			o.dev = optarg;
			break;
		case SENDER:
			o.sender = parse_ip("--sender", optarg);
			o.has_sender = true;
			break;
		case SENDER_MAC:
			parse_mac("--sender-mac", optarg, o.sender_mac);
			o.has_sender_mac = true;
			break;
		case TARGET:
			o.target = parse_ip("--target", optarg);
			o.has_target = true;
			break;
		case TARGETS:
			o.targets = parse_number("--targets", optarg, 1,
						 MAX_TARGETS);
			break;
		case TO:
			parse_mac("--to", optarg, o.to);
			o.has_to = true;
			break;
		case COUNT:
			o.count = parse_number("--count", optarg, 1,
					       MAX_COUNT);
			break;
		case RATE:
			o.rate = parse_number("--rate", optarg, 0, MAX_RATE);
			break;
		case FOR_MS:
			o.for_ms = parse_number("--for-ms", optarg, 1, MAX_MS);
			break;
		case CPU:
			o.cpu = (int)parse_number("--cpu", optarg, 0,
						  CPU_SETSIZE - 1);
			break;
		case OP:
			o.op = parse_number("--op", optarg, 0, UINT16_MAX);
			break;
		case UDP:
			o.udp = true;
			break;
		case SPORT:
			o.sport = parse_number("--sport", optarg, 0,
					       UINT16_MAX);
			break;
		case DPORT:
			o.dport = parse_number("--dport", optarg, 0,
					       UINT16_MAX);
			break;
		case TOS:
			o.tos = parse_number("--tos", optarg, 0, UINT8_MAX);
			break;
		case RAW:
			o.raw_length = parse_hex("--raw", optarg, o.raw);
			break;
		case HELP:
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		default:
			exit(EXIT_USAGE);	/* getopt has said why */
		}
	}
	if (optind < argc)
		usage_error("argument", argv[optind], "only options are known");
	need(o.dev, "--dev", "name the device to send from");
	need(o.has_sender || o.raw_length, "--sender", "give the sender's address");
	need(o.has_target || o.raw_length, "--target", "give the address to ask for");
	need(o.count, "--count", "say how many frames to send");
	need(!o.udp || o.has_to, "--to",
	     "--udp needs the router's MAC, broadcast is not forwarded");
	return o;
}

static _Noreturn void fail(const char *what, const char *name,
			   const char *cure)
{
	fprintf(stderr, "arpgen: %s %s: %s: %s\n", what, name, strerror(errno),
		cure);
	exit(EXIT_FAILURE);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NSEC + (uint64_t)t.tv_nsec;
}

/* Time that this process was ready to run and something else ran on its CPU. */
static uint64_t waited(void)
{
	unsigned long long ns = 0;
	FILE *f = fopen("/proc/self/schedstat", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%*u %llu", &ns) != 1)
		ns = 0;
	fclose(f);
	return ns;
}

static void sleep_until(uint64_t when)
{
	struct timespec t = { .tv_sec = (time_t)(when / NSEC),
			      .tv_nsec = (long)(when % NSEC) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) ==
	       EINTR)
		;
}

static void pin(int cpu)
{
	cpu_set_t set;
	char name[16];

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	snprintf(name, sizeof(name), "%d", cpu);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("cannot run on cpu", name, "see nproc for what there is");
}

static void arp_frame_init(struct arp_frame *f, const struct options *o)
{
	f->eth.ether_type = htons(ETHERTYPE_ARP);
	f->arp.ea_hdr.ar_hrd = htons(ARPHRD_ETHER);
	f->arp.ea_hdr.ar_pro = htons(ETHERTYPE_IP);
	f->arp.ea_hdr.ar_hln = ETH_ALEN;
	f->arp.ea_hdr.ar_pln = sizeof(struct in_addr);
	f->arp.ea_hdr.ar_op = htons((uint16_t)o->op);
	memcpy(f->arp.arp_sha, o->sender_mac, ETH_ALEN);
	memcpy(f->arp.arp_spa, &o->sender, sizeof(o->sender));
}

static void udp_frame_init(struct udp_frame *f, const struct options *o)
{
	f->eth.ether_type = htons(ETHERTYPE_IP);
	f->ip.version = 4;
	f->ip.ihl = sizeof(f->ip) / 4;
	f->ip.tot_len = htons(sizeof(f->ip) + sizeof(f->udp));
	f->ip.tos = (uint8_t)o->tos;
	f->ip.ttl = 64;
	f->ip.protocol = IPPROTO_UDP;
	f->ip.saddr = o->sender.s_addr;
	f->udp.source = htons((uint16_t)o->sport);
	f->udp.dest = htons((uint16_t)o->dport);
	/* Its checksum stays 0, which means that there is none. */
	f->udp.len = htons(sizeof(f->udp));
}

static uint16_t ip_checksum(struct iphdr ip)
{
	uint16_t words[sizeof(ip) / 2];
	uint32_t sum = 0;

	memcpy(words, &ip, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		sum += words[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void frame_aim(union frame *f, const struct options *o, uint64_t nth)
{
	uint32_t step = (uint32_t)(nth % o->targets);
	uint32_t target = htonl(ntohl(o->target.s_addr) + step);

	if (o->raw_length)
		return;
	if (o->udp) {
		f->udp.ip.daddr = target;
		f->udp.ip.check = 0;
		f->udp.ip.check = ip_checksum(f->udp.ip);
	} else {
		memcpy(f->arp.arp.arp_tpa, &target, sizeof(target));
	}
}

static void sender_open(struct sender *s, struct options *o)
{
	struct ifreq ifr = { 0 };

	/* Protocol 0: a socket that receives nothing. */
	s->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		fail("cannot open a packet socket for", o->dev, "run as root");
	memcpy(ifr.ifr_name, o->dev, strlen(o->dev));
	if (ioctl(s->fd, SIOCGIFINDEX, &ifr))
		fail("cannot find device", o->dev,
		     "run arpgen inside its network namespace");
	s->to.sll_family = AF_PACKET;
	s->to.sll_ifindex = ifr.ifr_ifindex;
	s->to.sll_protocol = htons(o->udp ? ETHERTYPE_IP : ETHERTYPE_ARP);
	s->to.sll_halen = ETH_ALEN;
	memcpy(s->to.sll_addr, o->to, ETH_ALEN);
	if (ioctl(s->fd, SIOCGIFHWADDR, &ifr))
		fail("cannot read the MAC of", o->dev, "give --sender-mac");
	if (!o->has_sender_mac)
		memcpy(o->sender_mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
}

static void sender_fill(struct sender *s, const struct options *o)
{
	s->length = o->udp ? sizeof(struct udp_frame) :
			     sizeof(struct arp_frame);
	for (int i = 0; i < BATCH; i++) {
		union frame *f = &s->frames[i];

		if (o->raw_length) {
			memcpy(f->raw, o->raw, o->raw_length);
			s->length = o->raw_length;
			goto filled;
		}
		if (o->udp)
			udp_frame_init(&f->udp, o);
		else
			arp_frame_init(&f->arp, o);
		memcpy(f->eth.ether_dhost, o->to, ETH_ALEN);
		memcpy(f->eth.ether_shost, o->sender_mac, ETH_ALEN);
filled:
		s->iov[i] = (struct iovec){ f, s->length };
		s->msgs[i].msg_hdr.msg_name = &s->to;
		s->msgs[i].msg_hdr.msg_namelen = sizeof(s->to);
		s->msgs[i].msg_hdr.msg_iov = &s->iov[i];
		s->msgs[i].msg_hdr.msg_iovlen = 1;
	}
}

/* Frames that are due by now, or 0 after sleeping until the next one is. */
static uint64_t due(const struct options *o, uint64_t start, uint64_t sent)
{
	uint64_t by_now;

	if (!o->rate)
		return o->count - sent;
	/* count and rate are bounded: this stays far below 2^64. */
	by_now = (now() - start) / 1000 * o->rate / 1000000 + 1;
	if (by_now > o->count)
		by_now = o->count;
	if (by_now > sent)
		return by_now - sent;
	sleep_until(start + (sent * 1000000 / o->rate + 1) * 1000);
	return 0;
}

/* Whether the time given is over; without one it never is. */
static bool over(const struct options *o, uint64_t start, uint64_t when)
{
	return o->for_ms && when - start >= o->for_ms * 1000000;
}

/* Returns how many were sent; fewer than asked for after an error, in errno. */
static uint64_t send_all(struct sender *s, const struct options *o)
{
	uint64_t start = now(), progress = start, sent = 0;

	while (sent < o->count && !over(o, start, progress)) {
		uint64_t n = due(o, start, sent);
		int done;

		if (!n)
			continue;
		if (n > BATCH)
			n = BATCH;
		for (uint64_t i = 0; i < n; i++)
			frame_aim(&s->frames[i], o, sent + i);
		done = sendmmsg(s->fd, s->msgs, (unsigned int)n, 0);
		if (done > 0) {
			sent += (uint64_t)done;
			progress = now();
			continue;
		}
		if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			break;
		if (now() - progress > STALL_NS)
			break;
		sleep_until(now() + RETRY_NS);
	}
	return sent;
}

int main(int argc, char **argv)
{
	static struct sender s;
	struct options o = parse_options(argc, argv);
	uint64_t start, sent, took, waiting;
	bool whole;
	int error;

	if (o.cpu >= 0)
		pin(o.cpu);
	sender_open(&s, &o);
	sender_fill(&s, &o);
	waiting = waited();
	start = now();
	errno = 0;
	sent = send_all(&s, &o);
	error = errno;
	took = now() - start;
	waiting = waited() - waiting;
	whole = sent == o.count || over(&o, start, start + took);
	printf("{\"sent\":%llu,\"failed\":%llu,\"seconds\":%.6f,\"waited\":%.6f}\n",
	       (unsigned long long)sent,
	       whole ? 0 : (unsigned long long)(o.count - sent),
	       (double)took / NSEC, (double)waiting / NSEC);
	if (fflush(stdout))
		fail("cannot write to", "stdout", "look at what reads it");
	if (whole)
		return EXIT_SUCCESS;
	errno = error;
	fail("cannot send on", o.dev, "is it up? see ip link show");
}
