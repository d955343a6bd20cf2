using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Metrics;

/// <summary>What is told of pods that really run, or do not, on a real containerd.</summary>
[Collection("containers")]
public sealed class KubeletMetersTests(NodeHarness node)
{
    private const string EmptyDirs =
        "volume_manager_total_volumes{plugin_name=\"kubernetes.io/empty-dir\",state=\"actual_state_of_world\"}";

    [Fact]
    public async Task What_starts_is_counted_and_volumes_while_they_are_there()
    {
        node.Require();
        var before = Read();
        var pod = Pod("counted", Service("c"));
        pod.Spec.InitContainers = [Shell("i", "true")];
        pod.Spec.Volumes = [new V1Volume { Name = "v", EmptyDir = new V1EmptyDirVolumeSource() }];
        pod.Spec.Containers[0].VolumeMounts = [new V1VolumeMount { Name = "v", MountPath = "/v" }];
        node.Cluster.Create(pod);
        await node.Cluster.UntilAsync(pod, IsReady, "ready");

        var running = Read();
        foreach (var series in (string[])
            [
                "kubelet_started_pods_total", "kubelet_started_containers_total{container_type=\"container\"}",
                "kubelet_started_containers_total{container_type=\"init_container\"}",
                "kubelet_run_podsandbox_duration_seconds_count{runtime_handler=\"\"}",
                "kubelet_cgroup_manager_duration_seconds_count{operation_type=\"create\"}", EmptyDirs,
            ])
        {
            Assert.True(Grown(series, before, running) >= 1, series);
        }

        await node.DeleteAsync(pod);
        Assert.Equal(-1, Grown(EmptyDirs, running, Read()));
    }

    [Fact]
    public async Task What_does_not_start_is_counted_by_the_reason()
    {
        node.Require();
        var before = Read();
        var container = Service("c");
        (container.Image, container.ImagePullPolicy) = ("test.local/absent:9", "Never");
        var absent = node.Cluster.Create(Pod("uncounted", container));
        node.Cluster.Put(
            new V1RuntimeClass { Metadata = new V1ObjectMeta { Name = "counted" }, Handler = "none-at-all" });
        var unhandled = Pod("unhandled", Service("c"));
        unhandled.Spec.RuntimeClassName = "counted";
        node.Cluster.Create(unhandled);
        await node.Cluster.UntilAsync(
            absent, static p => p.Status.ContainerStatuses?[0].State.Waiting?.Reason == "ErrImageNeverPull", "waiting");
        await node.Cluster.UntilEventAsync(
            unhandled, "FailedCreatePodSandBox", "no runtime for \"none-at-all\" is configured");

        var after = Read();
        foreach (var series in (string[])
            [
                "kubelet_started_containers_errors_total{code=\"ErrImageNeverPull\",container_type=\"container\"}",
                "kubelet_started_pods_errors_total",
                "kubelet_run_podsandbox_errors_total{runtime_handler=\"none-at-all\"}",
            ])
        {
            Assert.True(Grown(series, before, after) >= 1, series);
        }

        await node.DeleteAsync(absent);
        await node.DeleteAsync(unhandled);
    }

    private static double Grown(
        string series, Dictionary<string, double> before, Dictionary<string, double> after) =>
        after.GetValueOrDefault(series) - before.GetValueOrDefault(series);

    private Dictionary<string, double> Read()
    {
        var text = new MetricsText();
        node.Get<KubeletMeters>().Write(text);
        node.Get<VolumeMeters>().Write(text);
        return text.ToString().Split('\n').Where(static l => l.Length > 0 && l[0] != '#').ToDictionary(
            static l => l[..l.LastIndexOf(' ')],
            static l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture),
            StringComparer.Ordinal);
    }
}
