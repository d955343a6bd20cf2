using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.Pods;

/// <summary>READY, STATUS and RESTARTS as people know them.</summary>
public sealed class PodColumnsTests
{
    private static readonly DateTimeOffset Now = new(2025, 1, 1, 1, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(
        "waits for its image",
        """{"phase":"Pending","containerStatuses":[{"name":"a","state":{"waiting":{"reason":"ImagePullBackOff"}}}]}""",
        "0/2",
        "ImagePullBackOff",
        "0")]
    [InlineData("runs", """{"phase":"Running","containerStatuses":[{"name":"a","ready":true,"state":{"running":{}}},{"name":"b","ready":true,"state":{"running":{}}}]}""", "2/2", "Running", "0")]
    [InlineData(
        "crashed",
        """{"phase":"Running","containerStatuses":[{"name":"a","restartCount":3,"state":{"terminated":{"exitCode":7}},"lastState":{"terminated":{"exitCode":7,"finishedAt":"2025-01-01T00:55:00Z"}}}]}""",
        "0/2",
        "ExitCode:7",
        "3 (5m ago)")]
    [InlineData(
        "was killed",
        """{"phase":"Running","containerStatuses":[{"name":"a","state":{"terminated":{"exitCode":137,"signal":9}}}]}""",
        "0/2",
        "Signal:9",
        "0")]
    [InlineData("is done", """{"phase":"Succeeded","containerStatuses":[{"name":"a","state":{"terminated":{"exitCode":0,"reason":"Completed"}}}]}""", "0/2", "Completed", "0")]
    [InlineData(
        "is half done",
        """{"phase":"Running","containerStatuses":[{"name":"a","state":{"terminated":{"exitCode":0,"reason":"Completed"}}},{"name":"b","ready":true,"state":{"running":{}}}]}""",
        "1/2",
        "NotReady",
        "0")]
    [InlineData("was evicted", """{"phase":"Failed","reason":"Evicted"}""", "0/2", "Evicted", "0")]
    public void Plain(string what, string status, string ready, string word, string restarts) =>
        Check(what, "[]", status, ready, word, restarts);

    [Theory]
    [InlineData("first runs", """{"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"running":{}}},{"name":"s","state":{"waiting":{"reason":"PodInitializing"}}}]}""", "0/3", "Init:0/2", "0")]
    [InlineData("first failed", """{"phase":"Pending","initContainerStatuses":[{"name":"i","restartCount":1,"state":{"terminated":{"exitCode":1,"reason":"Error"}}}]}""", "0/3", "Init:Error", "1")]
    [InlineData("first crashes", """{"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}""", "0/3", "Init:CrashLoopBackOff", "0")]
    [InlineData("sidecar starts", """{"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":0}}},{"name":"s","state":{"running":{}}}]}""", "0/3", "Init:1/2", "0")]
    [InlineData(
        "sidecar and containers run; only the sidecar's restarts count",
        """{"phase":"Running","initContainerStatuses":[{"name":"i","restartCount":4,"state":{"terminated":{"exitCode":0}}},{"name":"s","restartCount":2,"started":true,"ready":true,"state":{"running":{}}}],"containerStatuses":[{"name":"a","ready":true,"state":{"running":{}}}]}""",
        "2/3",
        "Running",
        "2")]
    public void WithInitContainers(string what, string status, string ready, string word, string restarts) => Check(
        what,
        """[{"name":"i","image":"x"},{"name":"s","image":"x","restartPolicy":"Always"}]""",
        status,
        ready,
        word,
        restarts);

    [Theory]
    [InlineData("""{"phase":"Running"}""", "Terminating")]
    [InlineData("""{"phase":"Running","reason":"NodeLost"}""", "Unknown")]
    [InlineData("""{"phase":"Succeeded"}""", "Succeeded")]
    public void Deleted(string status, string word)
    {
        var pod = Pod("[]", status);
        pod.Metadata.DeletionTimestamp = Now.UtcDateTime;
        Assert.Equal(word, new PodStrategy().Cells(pod, Now)[2]);
    }

    [Theory]
    [InlineData("Running", null)]
    [InlineData("Succeeded", "The pod has completed successfully.")]
    [InlineData("Failed", "The pod failed.")]
    public void FinishedPodsAreMarked(string phase, string? message) =>
        Assert.Equal(message, new PodStrategy().Condition(Pod("[]", $$"""{"phase":"{{phase}}"}"""))?.Message);

    [Fact]
    public void WideColumns()
    {
        var pod = Pod("[]", """{"phase":"Running","podIPs":[{"ip":"10.0.0.7"}],"nominatedNodeName":"n2","conditions":[{"type":"g1","status":"True"}]}""");
        pod.Spec.NodeName = "n1";
        pod.Spec.ReadinessGates = [new() { ConditionType = "g1" }, new() { ConditionType = "g2" }];
        Assert.Equal(["60m", "10.0.0.7", "n1", "n2", "1/2"], new PodStrategy().Cells(pod, Now).Skip(4));
    }

    private static void Check(
        string what, string initContainers, string status, string ready, string word, string restarts)
    {
        var cells = new PodStrategy().Cells(Pod(initContainers, status), Now);
        Assert.Equal((what, ready, word, restarts), (what, cells[1], cells[2], cells[3]));
    }

    private static V1Pod Pod(string initContainers, string status) => KubernetesJson.Deserialize<V1Pod>(
        $$"""
        {"metadata":{"name":"p","creationTimestamp":"2025-01-01T00:00:00Z"},
         "spec":{"initContainers":{{initContainers}},"containers":[{"name":"a","image":"x"},{"name":"b","image":"x"}]},"status":{{status}}}
        """);
}
