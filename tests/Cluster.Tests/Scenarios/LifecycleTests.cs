using System.Diagnostics;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>From a pod's first container to its last: order, probes, restarts, the graceful end.</summary>
[Collection(ClusterTests.Name)]
public sealed class LifecycleTests(RealCluster cluster)
{
    private const string Readiness =
        "readinessProbe: {exec: {command: [test, -e, /tmp/ready]}, periodSeconds: 1, failureThreshold: 1}";

    [Fact]
    public async Task Containers_start_in_order_fail_restart_and_end()
    {
        await using var space = await Space.CreateAsync(cluster, "lifecycle");
        await Concurrently.RunAsync(
            ContainersStartInOrderAsync(space),
            ACrashLoopBacksOffAsync(space),
            ReadinessDecidesAboutEndpointsAsync(space),
            AKilledContainerRestartsAsync(space),
            AFailedLivenessProbeRestartsAsync(space),
            DeletingIsGracefulAsync(space),
            TheGracePeriodIsABoundAsync(space));
    }

    private static async Task ContainersStartInOrderAsync(Space space)
    {
        const string Mount = "volumeMounts: [{name: d, mountPath: /d}]";
        await space.ApplyAsync(
            Pods.Shell("ordered", "cat /d/order; echo main", "Never", Mount) + $$$"""

              volumes: [{name: d, emptyDir: {}}]
              initContainers:
              - {name: first, image: '{{{Pods.Image}}}', command: [sh, -c, 'echo first >> /d/order'], {{{Mount}}}}
              - name: side
                image: {{{Pods.Image}}}
                restartPolicy: Always
                command: ['sh', '-c', "echo side >> /d/order; touch /d/up; {{{Pods.Idle}}}"]
                startupProbe: {exec: {command: [test, -e, /d/up]}, periodSeconds: 1}
                {{{Mount}}}
              - {name: second, image: '{{{Pods.Image}}}', command: [sh, -c, 'echo second >> /d/order'], {{{Mount}}}}
            """);
        await space.WaitAsync("pod/ordered", "{.status.phase}=Succeeded");
        Assert.Equal("first\nside\nsecond\nmain\n", await space.KubectlAsync("logs", "ordered", "-c", "main"));
        Assert.Equal(
            "Completed",
            await space.FieldAsync("pod/ordered", "{.status.initContainerStatuses[1].state.terminated.reason}"));
    }

    private static async Task ACrashLoopBacksOffAsync(Space space)
    {
        await space.ApplyAsync(Pods.Shell("crashing", "echo dying; exit 3"));
        await space.WaitAsync("pod/crashing", "{.status.containerStatuses[0].restartCount}=1");
        await space.WaitAsync("pod/crashing", "{.status.containerStatuses[0].state.waiting.reason}=CrashLoopBackOff");
        Assert.Equal(
            "3",
            await space.FieldAsync("pod/crashing", "{.status.containerStatuses[0].lastState.terminated.exitCode}"));
        Assert.Contains(
            "CrashLoopBackOff", await space.KubectlAsync("get", "pod", "crashing"), StringComparison.Ordinal);
        await space.KubectlAsync("wait", "--for=jsonpath={.status.phase}=Running", "pod/crashing", "--timeout=10s");
        await space.EventAsync(
            "crashing", "BackOff", "Back-off restarting failed container main in pod crashing_lifecycle(");
    }

    private static async Task ReadinessDecidesAboutEndpointsAsync(Space space)
    {
        const string Ready = "{.items[0].endpoints[0].conditions.ready}";
        await space.ApplyAsync(Pods.Shell("probed", "touch /tmp/ready; " + Pods.Idle, more: Readiness));
        await space.KubectlAsync("expose", "pod", "probed", "--port=80");
        await space.WaitAsync("pod/probed", "Ready");
        await space.WaitAsync("endpoints/probed", "{.subsets[0].addresses[0].targetRef.name}=probed");

        await space.ShellAsync("probed", "rm /tmp/ready");
        await space.WaitAsync("pod/probed", "Ready=false");
        await space.WaitAsync("endpoints/probed", "{.subsets[0].notReadyAddresses[0].targetRef.name}=probed");
        await space.KubectlAsync(
            "wait", "endpointslice", "-l", "kubernetes.io/service-name=probed", "--for=jsonpath={.endpoints[0].conditions.ready}=false", "--timeout=30s");
        Assert.Equal("false", await space.KubectlAsync("get", "endpointslice", "-l", "kubernetes.io/service-name=probed", "-o", $"jsonpath={Ready}"));

        await space.ShellAsync("probed", "touch /tmp/ready");
        await space.WaitAsync("pod/probed", "Ready");
        await space.WaitAsync("endpoints/probed", "{.subsets[0].addresses[0].targetRef.name}=probed");
        Assert.Equal("0", await space.FieldAsync("pod/probed", "{.status.containerStatuses[0].restartCount}"));
    }

    private async Task AKilledContainerRestartsAsync(Space space)
    {
        await space.ApplyAsync(Pods.Shell("killed", Pods.Idle));
        await space.WaitAsync("pod/killed", "Ready");
        var address = await space.FieldAsync("pod/killed", "{.status.podIP}");
        var id = await space.FieldAsync("pod/killed", "{.status.containerStatuses[0].containerID}");
        (await cluster.CtrAsync("task", "kill", "-s", "KILL", id["containerd://".Length..])).Required.ToString();
        await space.WaitAsync("pod/killed", "{.status.containerStatuses[0].restartCount}=1");
        await space.WaitAsync("pod/killed", "Ready");
        Assert.Equal(
            "137",
            await space.FieldAsync("pod/killed", "{.status.containerStatuses[0].lastState.terminated.exitCode}"));
        Assert.Equal(address, await space.FieldAsync("pod/killed", "{.status.podIP}"));
    }

    private static async Task AFailedLivenessProbeRestartsAsync(Space space)
    {
        await space.ApplyAsync(Pods.Shell(
            "unwell", "touch /tmp/well; " + Pods.Idle, more: "livenessProbe: {exec: {command: [rm, /tmp/well]}, periodSeconds: 1, failureThreshold: 1}"));
        await space.WaitAsync("pod/unwell", "{.status.containerStatuses[0].restartCount}=1");
        await space.EventAsync("unwell", "Killing", "Container main failed liveness probe, will be restarted");
    }

    private async Task DeletingIsGracefulAsync(Space space)
    {
        var file = Path.Combine(cluster.Scratch, "farewell");
        await space.ApplyAsync(Pods.Shell(
            "graceful",
            "trap 'echo term >> /scratch/farewell; sleep 1; echo end >> /scratch/farewell; exit 0' TERM; while true; do sleep 0.1; done",
            more: """
                lifecycle: {preStop: {exec: {command: [sh, -c, 'echo stop >> /scratch/farewell; sleep 1']}}}
                volumeMounts: [{name: scratch, mountPath: /scratch}]
                """,
            grace: 20) + $"\n  volumes: [{{name: scratch, hostPath: {{path: {cluster.Scratch}}}}}]\n");
        await space.WaitAsync("pod/graceful", "Ready");
        await space.KubectlAsync("delete", "pod", "graceful");
        Assert.Equal("stop\nterm\nend\n", await File.ReadAllTextAsync(file));
    }

    private static async Task TheGracePeriodIsABoundAsync(Space space)
    {
        await space.ApplyAsync(Pods.Shell("stubborn", "trap '' TERM; while true; do sleep 0.1; done", grace: 3));
        await space.ApplyAsync(Pods.Shell("hasty", "trap '' TERM; while true; do sleep 0.1; done", grace: 300));
        await space.WaitAsync("pod/stubborn", "Ready");
        await space.WaitAsync("pod/hasty", "Ready");
        var start = Stopwatch.StartNew();
        await space.KubectlAsync("delete", "pod", "stubborn");
        Assert.InRange(start.Elapsed, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(30));
        await space.KubectlAsync("delete", "pod", "hasty", "--grace-period=1", "--timeout=60s");
    }
}
