using System.Globalization;
using OrleansOrchestrator.NodeAgent.Stats;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Stats;

/// <summary>What a machine's files say, under the names of node_exporter.</summary>
public sealed class MachineMetricsTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly string _root = Directory.CreateTempSubdirectory("orc-machine-").FullName;

    public MachineMetricsTests() => Put("proc/self/mountinfo", "");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Processors_are_told_by_mode()
    {
        Put(
            "proc/stat",
            "cpu  300 40 50 60 7 0 15 1 2 0\ncpu0 100 20 30 40 5 0 6 1 2 0\ncpu1 200 20 20 20 2 0 9 0 0 0\n"
            + "intr 9 1 2\nctxt 77\nbtime 1767225000\nprocesses 5\nprocs_running 2\nprocs_blocked 1\n");
        Put("proc/loadavg", "5.16 4.86 5.50 4/200 23688\n");
        Holds(
            """node_cpu_seconds_total{cpu="0",mode="user"} 1""",
            """node_cpu_seconds_total{cpu="1",mode="softirq"} 0.09""",
            """node_cpu_seconds_total{cpu="0",mode="steal"} 0.01""",
            """node_cpu_guest_seconds_total{cpu="0",mode="user"} 0.02""", "node_boot_time_seconds 1767225000",
            "node_context_switches_total 77", "node_intr_total 9", "node_procs_blocked 1", "node_load1 5.16",
            "node_load15 5.5",
            "node_time_seconds 1767225600");
        Assert.DoesNotContain(Lines(), static l => l.Contains("cpu=\"\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Memory_and_stalls_are_told()
    {
        Put("proc/meminfo", "MemTotal:  2048 kB\nActive(anon):  3 kB\nHugePages_Total:  4\n");
        Put("proc/vmstat", "pgfault 1\npgmajfault 2\nnr_free_pages 3\noom_kill 4\n");
        Put(
            "proc/pressure/memory",
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\n"
            + "full avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n");
        Put("proc/sys/fs/file-nr", "2098\t0\t2466160\n");
        Holds(
            "node_memory_MemTotal_bytes 2097152", "node_memory_Active_anon_bytes 3072", "node_memory_HugePages_Total 4",
            "node_vmstat_pgmajfault 2", "node_vmstat_oom_kill 4", "node_pressure_memory_waiting_seconds_total 2.5",
            "node_pressure_memory_stalled_seconds_total 0.5", "node_filefd_allocated 2098",
            "node_filefd_maximum 2466160");
        Assert.DoesNotContain(Lines(), static l => l.StartsWith("node_vmstat_nr_", StringComparison.Ordinal));
    }

    /// <summary>Processors run processes, and take packets from the network: in base 16 there.</summary>
    [Fact]
    public void Processors_are_told_by_what_they_ran()
    {
        Put(
            "proc/schedstat",
            "version 16\ntimestamp 4\ncpu0 0 0 0 0 0 0 2500000000 500000000 42\n"
            + "domain0 MC 3 1 2 3 4 5 6 7 8 9\ncpu1 0 0 0 0 0 0 1000000000 0 7\n");
        Put("proc/net/softnet_stat", "0000001f 2 3 0 0 0 0 0 4 5 6 7 00000000\nff 0 0 0 0 0 0 0 0 0 0 0 0000000a\n");
        Put("proc/sys/kernel/random/entropy_avail", "256\n");
        Holds(
            """node_schedstat_running_seconds_total{cpu="0"} 2.5""",
            """node_schedstat_waiting_seconds_total{cpu="0"} 0.5""", """node_schedstat_timeslices_total{cpu="1"} 7""",
            """node_softnet_processed_total{cpu="0"} 31""", """node_softnet_processed_total{cpu="10"} 255""",
            """node_softnet_dropped_total{cpu="0"} 2""", """node_softnet_times_squeezed_total{cpu="0"} 3""",
            """node_softnet_cpu_collision_total{cpu="0"} 4""", """node_softnet_received_rps_total{cpu="0"} 5""",
            """node_softnet_flow_limit_count_total{cpu="0"} 6""", """node_softnet_backlog_len{cpu="0"} 7""",
            "node_entropy_available_bits 256");
    }

    /// <summary>One lacks a disk that is being copied, one has no redundancy, one is well, one is off.</summary>
    [Fact]
    public void Arrays_of_disks_are_told_with_what_they_lack()
    {
        Put(
            "proc/mdstat",
            "Personalities : [raid1] [raid0]\n"
            + "md1 : active raid1 sdc1[2] sdb1[1](F) sda1[0] sdd1[3](S)\n"
            + "      195310144 blocks super 1.2 [2/1] [U_]\n"
            + "      [=>...................]  recovery =  8.5% (16775552/195310144) finish=17.0min speed=1K/sec\n\n"
            + "md0 : active raid0 sdb2[1] sda2[0]\n      322560 blocks super 1.2 512k chunks\n\n"
            + "md5 : active (auto-read-only) raid1 sdb3[1] sda3[0]\n      100 blocks [2/2] [UU]\n"
            + "      \tresync=DELAYED\n\n"
            + "md6 : active (auto-read-only) raid1 sdb5[1] sda5[0]\n      100 blocks [2/2] [UU]\n"
            + "      bitmap: 1/1 pages [4KB], 65536KB chunk\n      \tresync=PENDING\n\n"
            + "md7 : inactive sdb4[0](S)\n      7932 blocks super 1.2\n\nunused devices: <none>\n");
        Holds(
            """node_md_disks_required{device="md1"} 2""", """node_md_disks{device="md1",state="active"} 1""",
            """node_md_disks{device="md1",state="down"} 1""", """node_md_disks{device="md1",state="failed"} 1""",
            """node_md_disks{device="md1",state="spare"} 1""", """node_md_blocks{device="md1"} 195310144""",
            """node_md_blocks_synced{device="md1"} 16775552""", """node_md_state{device="md1",state="recovering"} 1""",
            """node_md_state{device="md1",state="active"} 0""", """node_md_disks_required{device="md0"} 2""",
            """node_md_disks{device="md0",state="active"} 2""", """node_md_blocks_synced{device="md0"} 322560""",
            """node_md_disks{device="md5",state="active"} 2""", """node_md_state{device="md5",state="active"} 0""",
            """node_md_state{device="md5",state="resync"} 1""", """node_md_blocks_synced{device="md5"} 0""",
            """node_md_state{device="md6",state="resync"} 1""", """node_md_blocks_synced{device="md6"} 0""",
            """node_md_state{device="md7",state="inactive"} 1""", """node_md_disks_required{device="md7"} 0""",
            """node_md_disks{device="md7",state="spare"} 1""");
        Assert.DoesNotContain(Lines(), static l => l.Contains("Personalities", StringComparison.Ordinal));
    }

    /// <summary>Of this machine, whatever its clock is like.</summary>
    [Fact]
    public void The_clock_is_told()
    {
        double Of(string name) => double.Parse(
            Assert.Single(Lines(), l => l.StartsWith($"node_timex_{name} ", StringComparison.Ordinal)).Split(' ')[1],
            CultureInfo.InvariantCulture);
        Assert.InRange(Of("maxerror_seconds"), 0, 3600);
        Assert.InRange(Of("tick_seconds"), 0.009, 0.011);
        Assert.InRange(Of("frequency_adjustment_ratio"), 0.999, 1.001);
        Assert.Contains(Of("sync_status"), (double[])[0, 1]);
        Assert.InRange(Of("offset_seconds"), -10, 10);
    }

    /// <summary>Partitions and loops are not told, and of a file system the place where it was mounted first.</summary>
    [Fact]
    public void Disks_and_file_systems_are_told_once()
    {
        Put(
            "proc/diskstats",
            "   8       0 sda 1 2 3 4000 5 6 7 8000 9 10000 11000 21 0 0 3000 0 4000\n"
            + "   8      16 sdb 1 2 3 4 5 6 7 8 9 10 11\n"
            + "   8       1 sda1 1 2 3 4 5 6 7 8 9 10 11\n   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0\n");
        Put(
            "proc/self/mountinfo",
            "26 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n27 26 0:24 / /proc rw - proc proc rw\n"
            + "28 26 8:1 /sub /tmp rw - ext4 /dev/sda1 rw\n29 26 8:2 / /not\\040there ro,nosuid - xfs /dev/sda2 rw\n"
            + "30 26 0:50 / /far rw - nfs4 server:/far rw\n"
            + "31 26 8:3 / /failed rw - ext4 /dev/sda3 ro,errors=remount-ro\n");
        const string root = """{device="/dev/sda1",fstype="ext4",mountpoint="/"}""";
        const string gone = """{device="/dev/sda2",fstype="xfs",mountpoint="/not there"}""";
        Holds(
            """node_disk_read_bytes_total{device="sda"} 1536""",
            """node_disk_write_time_seconds_total{device="sda"} 8""",
            """node_disk_discards_completed_total{device="sda"} 21""",
            """node_disk_discard_time_seconds_total{device="sda"} 3""",
            """node_disk_flush_requests_time_seconds_total{device="sda"} 4""",
            """node_disk_io_time_weighted_seconds_total{device="sdb"} 0.011""",
            """node_disk_io_now{device="sda"} 9""", """node_disk_io_time_weighted_seconds_total{device="sda"} 11""",
            $"node_filesystem_device_error{root} 0", $"node_filesystem_readonly{root} 0",
            $"node_filesystem_device_error{gone} 1", $"node_filesystem_readonly{gone} 1",
            """node_filesystem_readonly{device="/dev/sda3",fstype="ext4",mountpoint="/failed"} 1""");
        var lines = Lines();
        var sizes = lines.Where(static l => l.StartsWith("node_filesystem_size_bytes{", StringComparison.Ordinal));
        Assert.True(long.Parse(Assert.Single(sizes).Split(' ')[^1], CultureInfo.InvariantCulture) > 0);
        Assert.DoesNotContain("node_disk_discards_completed_total{device=\"sdb\"} 0", lines);
        Assert.DoesNotContain(lines, static l => l.Contains("sda1\"} ", StringComparison.Ordinal)
            || l.Contains("loop0", StringComparison.Ordinal));
    }

    [Fact]
    public void Network_is_told_without_the_ends_of_pods()
    {
        Put(
            "proc/net/dev",
            "Inter-|   Receive\n face |bytes\n  eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n"
            + " vethab: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n");
        foreach (var (file, value) in ((string, string)[])
            [("operstate", "up"), ("mtu", "1500"), ("speed", "1000"), ("carrier", "1"), ("flags", "0x1003"),
                ("address", "02:fc:00:00:00:05"), ("duplex", "full")])
        {
            Put($"sys/class/net/eth0/{file}", value + "\n");
        }

        Put("proc/net/snmp6", "Ip6InOctets  7\nUdp6InDatagrams   8\nUdp6InCsumErrors 9\nUdpLite6InErrors 10\n");
        Put("proc/net/sockstat6", "TCP6: inuse 3\n");
        Put("proc/net/arp", "IP address HW type Flags HW address Mask Device\n192.0.2.1 0x1 0x2 02:fc * eth0\n");
        Put("proc/net/snmp", "Ip: Forwarding DefaultTTL\nIp: 1 64\nTcp: RtoMin OutSegs RetransSegs\nTcp: 200 30 4\n");
        Put("proc/net/netstat", "TcpExt: SyncookiesSent TCPSynRetrans\nTcpExt: 5 6\n");
        Put("proc/net/sockstat", "sockets: used 80\nTCP: inuse 23 orphan 0\n");
        Put("proc/sys/net/netfilter/nf_conntrack_count", "12\n");
        Holds(
            """node_network_receive_bytes_total{device="eth0"} 1""",
            """node_network_receive_drop_total{device="eth0"} 4""",
            """node_network_receive_multicast_total{device="eth0"} 0""",
            """node_network_transmit_carrier_total{device="eth0"} 0""",
            """node_network_mtu_bytes{device="eth0"} 1500""",
            """node_network_speed_bytes{device="eth0"} 125000000""", """node_network_flags{device="eth0"} 4099""",
            """node_network_carrier{device="eth0"} 1""",
            "node_network_info{device=\"eth0\",address=\"02:fc:00:00:00:05\",adminstate=\"up\",broadcast=\"\","
            + "duplex=\"full\",ifalias=\"\",operstate=\"up\"} 1",
            "node_netstat_Ip6_InOctets 7", "node_netstat_Udp6_InDatagrams 8", "node_netstat_UdpLite6_InErrors 10",
            "node_sockstat_TCP6_inuse 3", """node_arp_entries{device="eth0"} 1""",
            """node_network_transmit_errs_total{device="eth0"} 7""", """node_network_up{device="eth0"} 1""",
            "node_netstat_Ip_Forwarding 1", "node_netstat_Tcp_OutSegs 30", "node_netstat_Tcp_RetransSegs 4",
            "node_netstat_TcpExt_TCPSynRetrans 6", "node_sockstat_sockets_used 80", "node_sockstat_TCP_inuse 23",
            "node_nf_conntrack_entries 12");
        Assert.DoesNotContain(Lines(), static l => l.Contains("veth", StringComparison.Ordinal)
            || l.Contains("Csum", StringComparison.Ordinal)
            || l.Contains("DefaultTTL", StringComparison.Ordinal) || l.Contains("_limit", StringComparison.Ordinal));
    }

    /// <summary>A speed that is not known is no speed, and of two links one has gone.</summary>
    [Fact]
    public void Bonds_are_told_with_the_links_that_work()
    {
        Put("proc/net/dev", "Inter-|   Receive\n face |bytes\n bond0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n");
        Put("sys/class/net/bond0/speed", "-1\n");
        Put("sys/class/net/bonding_masters", "bond0 bond1\n");
        Put("sys/class/net/bond0/bonding/slaves", "eth0 eth1\n");
        Put("sys/class/net/bond0/lower_eth0/bonding_slave/mii_status", "up\n");
        Put("sys/class/net/bond0/lower_eth1/bonding_slave/mii_status", "down\n");
        Holds(
            """node_bonding_slaves{master="bond0"} 2""", """node_bonding_active{master="bond0"} 1""",
            """node_bonding_slaves{master="bond1"} 0""");
        Assert.DoesNotContain(
            Lines(), static l => l.StartsWith("node_network_speed_bytes{", StringComparison.Ordinal));
    }

    /// <summary>Of this machine, too: each family once, its samples together below its type.</summary>
    [Fact]
    public void Families_stand_together()
    {
        var seen = new HashSet<string>();
        var family = "";
        foreach (var line in MachineMetrics.Write(Now).Split('\n')[..^1])
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                family = line.Split(' ')[2];
                Assert.True(seen.Add(family), family);
            }
            else if (!line.StartsWith('#'))
            {
                Assert.Equal(family, line.Split('{', ' ')[0]);
            }
        }

        Assert.Superset(
            new HashSet<string>
            {
                "node_cpu_seconds_total", "node_memory_MemAvailable_bytes", "node_filesystem_size_bytes",
            },
            seen);
    }

    [Fact]
    public void Devices_have_names_while_they_are_there()
    {
        Put("8:0/uevent", "MAJOR=8\nMINOR=0\nDEVNAME=sda\nDEVTYPE=disk\n");
        Assert.Equal("/dev/sda", BlockDevices.NameOf("8:0", _root));
        Assert.Equal("8:16", BlockDevices.NameOf("8:16", _root));
    }

    private string[] Lines() => MachineMetrics.Write(Now, _root).Split('\n');

    private void Holds(params string[] expected)
    {
        var lines = Lines();
        Assert.All(expected, e => Assert.Contains(e, lines));
    }

    private void Put(string path, string text)
    {
        var file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
