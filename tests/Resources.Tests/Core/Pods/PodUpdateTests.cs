using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.Pods;

/// <summary>What may change in a pod, and through which door.</summary>
public sealed class PodUpdateTests
{
    private readonly PodStrategy _strategy = new();

    [Fact]
    public void NothingChangedIsFine() => Assert.Empty(Update("", _ => { }, out _));

    [Fact]
    public void ImageMayChangeAndIsANewGeneration()
    {
        Assert.Empty(Update("", p => p.Spec.Containers[0].Image = "y", out var pod));
        Assert.Equal(2, pod.Metadata.Generation);
    }

    [Fact]
    public void CommandMayNot()
    {
        var error = Assert.Single(Update("", p => p.Spec.Containers[0].Command = ["z"], out _));
        Assert.StartsWith(
            "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`",
            error,
            StringComparison.Ordinal);
        Assert.Contains("+", error, StringComparison.Ordinal);
    }

    [Fact]
    public void ContainersMayNotBeAdded() => Assert.Equal(
        ["spec.containers: Forbidden: pod updates may not add or remove containers"],
        Update("", p => p.Spec.Containers.Add(new() { Name = "n", Image = "x" }), out _).Where(e => e.Contains("add or remove", StringComparison.Ordinal)));

    [Fact]
    public void TolerationsMayOnlyBeAdded()
    {
        Assert.Empty(Update("", p => p.Spec.Tolerations = [.. p.Spec.Tolerations, new() { Key = "k", OperatorProperty = "Exists" }], out _));
        Assert.NotEmpty(Update("", p => p.Spec.Tolerations = [], out _));
    }

    [Fact]
    public void GatesMayOnlyBeRemoved()
    {
        Assert.Empty(Update("", p => p.Spec.SchedulingGates = null, out _, gated: true));
        Assert.Contains(
            "only deletion is allowed",
            Assert.Single(Update("", p => p.Spec.SchedulingGates = [new() { Name = "other" }], out _, gated: true)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void GatedPodsMayNarrowTheirNodes()
    {
        Assert.Empty(
            Update("", p => p.Spec.NodeSelector = new Dictionary<string, string> { ["a"] = "b" }, out _, gated: true));
        Assert.NotEmpty(Update("", p => p.Spec.NodeSelector = new Dictionary<string, string> { ["a"] = "b" }, out _));
    }

    [Fact]
    public void StatusLeavesTheSpecAlone()
    {
        var errors = Update(
            "status",
            p =>
            {
                p.Spec.Containers[0].Image = "y";
                p.Status.Phase = "Running";
            },
            out var pod);
        Assert.Empty(errors);
        Assert.Equal(("x", "Running", 1L), (pod.Spec.Containers[0].Image, pod.Status.Phase, pod.Metadata.Generation));
    }

    [Fact]
    public void FinishedContainersDoNotRiseAgain()
    {
        static V1Pod Finished(V1Pod pod, V1ContainerState state)
        {
            pod.Spec.RestartPolicy = "Never";
            pod.Status.ContainerStatuses = [new() { Name = "a", Image = "x", ImageID = "", State = state }];
            return pod;
        }

        var old = Finished(Make(gated: false), new() { Terminated = new() { ExitCode = 1 } });
        var next = Finished(Make(gated: false), new() { Running = new() });
        Assert.Equal(
            ["status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"],
            Update("status", next, old).Where(e => e.StartsWith("status.", StringComparison.Ordinal)));
    }

    [Fact]
    public void EphemeralContainersComeThroughTheirOwnDoor()
    {
        static void Add(V1Pod pod) => pod.Spec.EphemeralContainers = [new() { Name = "debug", Image = "d" }];
        Assert.Empty(Update("ephemeralcontainers", Add, out var pod));
        Assert.Equal(("debug", 2L), (pod.Spec.EphemeralContainers[0].Name, pod.Metadata.Generation));
        Assert.NotEmpty(Update("", Add, out _));
    }

    public static TheoryData<string, string> NotEphemeral { get; } = new()
    {
        { """{"resources":{}}""", "" },
        { """{"resources":{"limits":{}}}""", "resources" },
        { """{"resources":{"requests":{}}}""", "resources" },
        { """{"resources":{"claims":[]}}""", "resources" },
        { """{"ports":[]}""", "ports" },
        { """{"resizePolicy":[]}""", "resizePolicy" },
        { """{"restartPolicyRules":[]}""", "restartPolicyRules" },
        { """{"lifecycle":{}}""", "lifecycle" },
        { """{"command":[],"args":[],"volumeMounts":[]}""", "" },
    };

    /// <summary>Not even with nothing in it.</summary>
    [Theory]
    [MemberData(nameof(NotEphemeral))]
    public void AnEphemeralContainerHasNotWhatLastingOnesHave(string given, string field)
    {
        var container = $$"""{"name":"debug","image":"d",{{given[1..]}}""";
        var errors = Update(
            "ephemeralcontainers",
            p => p.Spec.EphemeralContainers = [KubernetesJson.Deserialize<V1EphemeralContainer>(container)],
            out _);
        Assert.Equal(
            field.Length == 0 ? [] : new[]
            {
                $"spec.ephemeralContainers[0].{field}: Forbidden: cannot be set for an Ephemeral Container",
            },
            errors);
    }

    [Fact]
    public void EphemeralContainersDoNotGo()
    {
        var old = Make(gated: false);
        old.Spec.EphemeralContainers = [new() { Name = "debug", Image = "d" }];
        _strategy.SetDefaults(old);
        Assert.Equal(
            ["spec.ephemeralContainers: Forbidden: existing ephemeral containers \"debug\" may not be removed\n"],
            Update("ephemeralcontainers", Make(gated: false), old));
    }

    [Fact]
    public void ResizeTakesResourcesOnly()
    {
        var errors = Update(
            "resize",
            p =>
            {
                p.Spec.Containers[0].Image = "y";
                p.Spec.Containers[0].Resources.Requests = Cpu("200m");
            },
            out var pod);
        Assert.Empty(errors);
        Assert.Equal(
            ("x", "200m"), (pod.Spec.Containers[0].Image, pod.Spec.Containers[0].Resources.Requests["cpu"].ToString()));
        Assert.Equal(2, pod.Metadata.Generation);
    }

    [Fact]
    public void ResizeKeepsTheQualityOfService() => Assert.Contains(
        "Pod QOS Class may not change as a result of resizing",
        string.Join('\n', Update("resize", p => p.Spec.Containers[0].Resources = new() { Requests = Cpu("500m"), Limits = Both() }, out _, old =>
            old.Spec.Containers[0].Resources = new() { Requests = Both(), Limits = Both() })),
        StringComparison.Ordinal);

    [Fact]
    public void InitContainersAreResizedToo()
    {
        static void Add(V1Pod pod)
        {
            pod.Spec.InitContainers = [new() { Name = "i", Image = "x", Resources = new() { Requests = Cpu("100m") } }];
            PodDefaults.Apply(pod);
        }

        Assert.Empty(
            Update("resize", p => p.Spec.InitContainers[0].Resources.Requests = Cpu("200m"), out var pod, Add));
        Assert.Equal("200m", pod.Spec.InitContainers[0].Resources.Requests["cpu"].ToString());
        Assert.Equal(
            ["spec.initContainers[0].resources.requests: Forbidden: resource requests cannot be removed"],
            Update("resize", p => p.Spec.InitContainers[0].Resources.Requests = null, out _, Add));
        Assert.Equal(
            [
                "spec.initContainers[0]: Forbidden: only cpu and memory resources for init or sidecar containers are " +
                "mutable",
            ],
            Update(
                "resize",
                p => p.Spec.InitContainers[0].Resources.Requests["ephemeral-storage"] = new("1Gi"),
                out _,
                Add));
    }

    /// <summary>These pods lack a node's name, too, which nobody needs to hear then.</summary>
    [Theory]
    [InlineData("ephemeralcontainers", "static pods do not support ephemeral containers")]
    [InlineData("resize", "static pods cannot be resized")]
    public void StaticPodsHearNothingElse(string subresource, string text)
    {
        Assert.Equal([$"[]: Forbidden: {text}"], Update(subresource, Mirror(), Mirror()));

        V1Pod Mirror()
        {
            var pod = Make(gated: false);
            pod.Metadata.Annotations = new Dictionary<string, string> { [PodAnnotations.Mirror] = "m" };
            return pod;
        }
    }

    [Theory]
    [InlineData("", "Running", null, 0L)]
    [InlineData("n", "Running", null, 30L)]
    [InlineData("n", "Running", 5L, 5L)]
    [InlineData("n", "Running", 0L, 0L)]
    [InlineData("n", "Succeeded", 5L, 0L)]
    [InlineData("n", "Failed", null, 0L)]
    public void GracePeriods(string node, string phase, long? requested, long? period)
    {
        var pod = Make(gated: false);
        (pod.Spec.NodeName, pod.Status.Phase) = (node, phase);
        Assert.Equal(period, _strategy.GracePeriodSeconds(pod, requested));
    }

    private static Dictionary<string, ResourceQuantity> Cpu(string amount) => new() { ["cpu"] = new(amount) };

    private static Dictionary<string, ResourceQuantity> Both() => new() { ["cpu"] = new("1"), ["memory"] = new("1Gi") };

    private V1Pod Make(bool gated)
    {
        var pod = KubernetesJson.Deserialize<V1Pod>(
            """
            {"metadata":{"name":"p","namespace":"n","uid":"u","resourceVersion":"1"},
             "spec":{"containers":[{"name":"a","image":"x","resources":{"requests":{"cpu":"100m"}}}],"tolerations":[{"key":"t","operator":"Exists"}]}}
            """);
        pod.Spec.SchedulingGates = gated ? [new() { Name = "gate" }] : null;
        _strategy.SetDefaults(pod);
        _strategy.PrepareForCreate(pod);
        return pod;
    }

    private List<string> Update(string subresource, Action<V1Pod> change, out V1Pod pod, bool gated = false)
    {
        pod = Make(gated);
        change(pod);
        return Update(subresource, pod, Make(gated));
    }

    private List<string> Update(string subresource, Action<V1Pod> change, out V1Pod pod, Action<V1Pod> before)
    {
        var old = Make(gated: false);
        before(old);
        old.Status.QosClass = PodQos.Compute(old.Spec);
        pod = Make(gated: false);
        before(pod);
        change(pod);
        return Update(subresource, pod, old);
    }

    private List<string> Update(string subresource, V1Pod pod, V1Pod old)
    {
        _strategy.SetDefaults(pod);
        _strategy.PrepareForUpdate(pod, old, subresource);
        var errors = new FieldErrors();
        _strategy.ValidateUpdate(pod, old, subresource, errors);
        return [.. errors.All.Select(e => $"{e.Field}: {e.Message}")];
    }
}
