/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/* Changes by fentry and fexit. */
#ifndef ARPWHY_CHANGE_TRAMPOLINE_H
#define ARPWHY_CHANGE_TRAMPOLINE_H

#include "change.h"

SEC("fentry/fib_table_insert")
int BPF_PROG(fentry_fib_table_insert, void *net, void *table, void *config)
{
	begin_table(IN_INSERT, net, table, (__u64)config);
	return 0;
}

SEC("fexit/fib_table_insert")
int BPF_PROG(fexit_fib_table_insert, void *net, void *table, void *config, void *extack, int ret)
{
	end_table(IN_INSERT, ret);
	return 0;
}

SEC("fentry/fib_table_delete")
int BPF_PROG(fentry_fib_table_delete, void *net, void *table, void *config)
{
	begin_table(IN_DELETE, net, table, (__u64)config);
	return 0;
}

SEC("fexit/fib_table_delete")
int BPF_PROG(fexit_fib_table_delete, void *net, void *table, void *config, void *extack, int ret)
{
	end_table(IN_DELETE, ret);
	return 0;
}

SEC("fentry/fib_table_flush")
int BPF_PROG(fentry_fib_table_flush, void *net, void *table, __u64 everything)
{
	begin_table(IN_FLUSH, net, table, everything & 0xff);
	return 0;
}

SEC("fexit/fib_table_flush")
int BPF_PROG(fexit_fib_table_flush, void *net, void *table, __u64 everything, int ret)
{
	end_table(IN_FLUSH, ret);
	return 0;
}

SEC("fexit/call_fib_notifiers")
int BPF_PROG(fexit_call_fib_notifiers, void *net, __u32 event, void *info, int ret)
{
	see_notice(net, event, info, ret);
	return 0;
}

SEC("fexit/fib_create_info")
int BPF_PROG(fexit_fib_create_info, void *config, void *extack, void *ret)
{
	see_info(ret);
	return 0;
}

SEC("fentry/fib_release_info")
int BPF_PROG(fentry_fib_release_info, void *info)
{
	see_release(info);
	return 0;
}

SEC("fentry/fib_netdev_event")
int BPF_PROG(fentry_fib_netdev_event, void *block, unsigned long event, void *info)
{
	see_device_event(event, info);
	return 0;
}

SEC("fexit/fib_netdev_event")
int BPF_PROG(fexit_fib_netdev_event)
{
	end_work();
	return 0;
}

SEC("fentry/fib_inetaddr_event")
int BPF_PROG(fentry_fib_inetaddr_event, void *block, unsigned long event, void *ifa)
{
	see_address_event(event, ifa);
	return 0;
}

SEC("fexit/fib_inetaddr_event")
int BPF_PROG(fexit_fib_inetaddr_event)
{
	end_work();
	return 0;
}

#endif
