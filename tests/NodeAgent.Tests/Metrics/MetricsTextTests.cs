using k8s.Models;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Probes;
using OrleansOrchestrator.NodeAgent.Stats;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using RuntimeState = OrleansOrchestrator.NodeAgent.Cri.V1.ContainerState;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Metrics;

public sealed class MetricsTextTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Samples_are_written_as_prometheus_reads_them()
    {
        var text = new MetricsText();
        text.Family("a_total", "counter", "Help.").Sample("a_total", 1.5, null);
        text.Sample("a_total", 1e21, Now, ("name", "quote \" back \\ line \n end"), ("other", ""));
        text.Sample("a_total", null, null);
        Assert.Equal(
            "# HELP a_total Help.\n# TYPE a_total counter\na_total 1.5\n"
            + "a_total{name=\"quote \\\" back \\\\ line \\n end\",other=\"\"} 1E+21 1767225600000\n",
            text.ToString());
    }

    [Fact]
    public void Resource_metrics_have_upstreams_names_and_what_is_not_known_is_left_out()
    {
        var text = ResourceMetrics.Write(Snapshot()).Split('\n').Where(l => !l.StartsWith('#'));
        Assert.Equal(
            [
                "container_cpu_usage_seconds_total{container=\"c\",namespace=\"default\",pod=\"p\"} 2.5 1767225600000",
                "container_memory_working_set_bytes{container=\"c\",namespace=\"default\",pod=\"p\"} 100 1767225600000",
                "container_start_time_seconds{container=\"c\",namespace=\"default\",pod=\"p\"} 1767225540",
                "node_memory_working_set_bytes 1000 1767225600000",
                "node_swap_usage_bytes 0 1767225600000",
                "pod_cpu_usage_seconds_total{namespace=\"default\",pod=\"p\"} 3 1767225600000",
                "pod_swap_usage_bytes{namespace=\"default\",pod=\"p\"} 0 1767225600000",
                "resource_scrape_error 0",
                "",
            ],
            text);
    }

    [Fact]
    public void Cadvisors_metrics_tell_the_machine_pods_and_containers_apart()
    {
        var text = CadvisorMetrics.Write(Snapshot(), _ => "/orc/pod1", static d => $"/dev/of {d}").Split('\n');
        Assert.Contains(
            "container_memory_working_set_bytes{container=\"\",id=\"/\",image=\"\",name=\"\",namespace=\"\",pod=\"\"} 1000 1767225600000",
            text);
        Assert.Contains(
            "container_cpu_usage_seconds_total{cpu=\"total\",container=\"c\",id=\"/orc/pod1/id\",image=\"i\",name=\"id\","
            + "namespace=\"default\",pod=\"p\"} 2.5 1767225600000",
            text);
        Assert.Contains(
            "container_network_transmit_bytes_total{container=\"\",id=\"/orc/pod1\",image=\"\",interface=\"eth0\",name=\"\","
            + "namespace=\"default\",pod=\"p\"} 7 1767225600000",
            text);
    }

    /// <summary>The usual boards select devices by their names, and threads are no processes.</summary>
    [Fact]
    public void Cadvisors_metrics_tell_devices_stalls_and_processes()
    {
        var text = CadvisorMetrics.Write(Snapshot(), _ => "/orc/pod1", static d => $"/dev/of {d}").Split('\n');
        const string labels =
            "container=\"c\",id=\"/orc/pod1/id\",image=\"i\",name=\"id\",namespace=\"default\",pod=\"p\"} ";
        foreach (var (series, value) in ((string, string)[])
        [
            ("container_fs_reads_bytes_total{device=\"/dev/of 8:0\",", "1"),
            ("container_fs_writes_total{device=\"/dev/of 8:16\",", "8"),
            ("container_memory_failures_total{failure_type=\"pgmajfault\",scope=\"hierarchy\",", "4"),
            ("container_pressure_cpu_waiting_seconds_total{", "0.5"),
            ("container_pressure_cpu_stalled_seconds_total{", "0.25"),
            ("container_processes{", "2"),
            ("container_threads{", "9"),
        ])
        {
            Assert.Contains($"{series}{labels}{value} 1767225600000", text);
        }

        Assert.DoesNotContain(
            text, static l => l.StartsWith("container_pressure_io_waiting_seconds_total{", StringComparison.Ordinal));
    }

    [Fact]
    public void Probes_are_counted_by_result_and_forgotten_with_their_pod()
    {
        var metrics = new ProbeMetrics();
        var pod = TestPods.Pod("p");
        pod.Metadata.Uid = "1";
        metrics.Record(pod, "c", "Liveness", true, TimeSpan.FromSeconds(0.02));
        metrics.Record(pod, "c", "Liveness", false, TimeSpan.FromSeconds(20));
        var labels = "container=\"c\",namespace=\"default\",pod=\"p\",probe_type=\"Liveness\"";
        var text = metrics.Write().Split('\n');
        Assert.Contains($"prober_probe_total{{{labels},pod_uid=\"1\",result=\"successful\"}} 1", text);
        Assert.Contains($"prober_probe_total{{{labels},pod_uid=\"1\",result=\"failed\"}} 1", text);
        Assert.Contains($"prober_probe_duration_seconds_bucket{{{labels},le=\"0.01\"}} 0", text);
        Assert.Contains($"prober_probe_duration_seconds_bucket{{{labels},le=\"0.025\"}} 1", text);
        Assert.Contains($"prober_probe_duration_seconds_bucket{{{labels},le=\"+Inf\"}} 2", text);
        Assert.Contains($"prober_probe_duration_seconds_sum{{{labels}}} 20.02", text);
        metrics.Forget("1");
        Assert.DoesNotContain("pod=\"p\"", metrics.Write(), StringComparison.Ordinal);
    }

    private static Snapshot Snapshot()
    {
        var record = new ContainerRecord
        {
            Id = "id", SandboxId = "s", Name = "c", Image = "i", StartedAt = Now.AddMinutes(-1),
            State = RuntimeState.ContainerRunning,
        };
        var usage = new CgroupUsage
        {
            CpuNanoseconds = 2_500_000_000, WorkingSetBytes = 100, MajorPageFaults = 4, Processes = 9,
            CpuPressure = new PressureStall(new StallShare(0, 0, 0, 500_000), new StallShare(0, 0, 0, 250_000)),
            Disks = [("8:0", new DiskTraffic(1, 2, 3, 4)), ("8:16", new DiskTraffic(5, 6, 7, 8))],
        };
        return new Snapshot(
            Now,
            new GroupSnapshot(new CgroupUsage { WorkingSetBytes = 1000 }, null),
            new GroupSnapshot(new CgroupUsage(), null),
            [
                new PodSnapshot(
                    TestPods.Pod("p", new V1Container { Name = "c" }),
                    new GroupSnapshot(new CgroupUsage { CpuNanoseconds = 3_000_000_000 }, null),
                    [new NetworkInterfaceFigures("eth0", 5, 0, 7, 0)],
                    [new ContainerSnapshot(record, new GroupSnapshot(usage, null) { Processes = 2 }, null, null, 0)]),
            ]);
    }
}
