/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/* Changes by kprobe and kretprobe. */
#ifndef ARPWHY_CHANGE_KPROBE_H
#define ARPWHY_CHANGE_KPROBE_H

#include "change.h"

SEC("kprobe/fib_table_insert")
int BPF_KPROBE(kprobe_fib_table_insert, void *net, void *table, void *config)
{
	begin_table(IN_INSERT, net, table, (__u64)config);
	return 0;
}

SEC("kretprobe/fib_table_insert")
int BPF_KRETPROBE(kretprobe_fib_table_insert, int ret)
{
	end_table(IN_INSERT, ret);
	return 0;
}

SEC("kprobe/fib_table_delete")
int BPF_KPROBE(kprobe_fib_table_delete, void *net, void *table, void *config)
{
	begin_table(IN_DELETE, net, table, (__u64)config);
	return 0;
}

SEC("kretprobe/fib_table_delete")
int BPF_KRETPROBE(kretprobe_fib_table_delete, int ret)
{
	end_table(IN_DELETE, ret);
	return 0;
}

SEC("kprobe/fib_table_flush")
int BPF_KPROBE(kprobe_fib_table_flush, void *net, void *table, __u64 everything)
{
	begin_table(IN_FLUSH, net, table, everything & 0xff);
	return 0;
}

SEC("kretprobe/fib_table_flush")
int BPF_KRETPROBE(kretprobe_fib_table_flush, int ret)
{
	end_table(IN_FLUSH, ret);
	return 0;
}

/* every route and rule comes by here, of IPv6 too */
SEC("kprobe/call_fib_notifiers")
int BPF_KPROBE(kprobe_call_fib_notifiers, void *net, __u32 event, void *info)
{
	struct work *w = begin_work();

	if (!w)
		return 0;
	w->notified_net = (__u64)net;
	w->notified_event = event;
	w->notified = (__u64)info;
	return 0;
}

SEC("kretprobe/call_fib_notifiers")
int BPF_KRETPROBE(kretprobe_call_fib_notifiers, int ret)
{
	struct work *w = this_work();

	if (!w || !w->notified)
		return 0;
	see_notice((void *)w->notified_net, w->notified_event, (void *)w->notified, ret);
	w->notified = 0;
	if (!w->cause && !w->within)
		end_work();
	return 0;
}

SEC("kretprobe/fib_create_info")
int BPF_KRETPROBE(kretprobe_fib_create_info, void *ret)
{
	see_info(ret);
	return 0;
}

SEC("kprobe/fib_release_info")
int BPF_KPROBE(kprobe_fib_release_info, void *info)
{
	see_release(info);
	return 0;
}

SEC("kprobe/fib_netdev_event")
int BPF_KPROBE(kprobe_fib_netdev_event, void *block, unsigned long event, void *info)
{
	see_device_event(event, info);
	return 0;
}

SEC("kretprobe/fib_netdev_event")
int BPF_KRETPROBE(kretprobe_fib_netdev_event)
{
	end_work();
	return 0;
}

SEC("kprobe/fib_inetaddr_event")
int BPF_KPROBE(kprobe_fib_inetaddr_event, void *block, unsigned long event, void *ifa)
{
	see_address_event(event, ifa);
	return 0;
}

SEC("kretprobe/fib_inetaddr_event")
int BPF_KRETPROBE(kretprobe_fib_inetaddr_event)
{
	end_work();
	return 0;
}

#endif
