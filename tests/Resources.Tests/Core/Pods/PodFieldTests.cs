using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.Pods;

/// <summary>Corners of new pods where upstream has its own idea.</summary>
public sealed class PodFieldTests
{
    private readonly PodStrategy _strategy = new();

    [Fact]
    public void StopSignalsAreSwitchedOff()
    {
        var pod = Make(
            """
            {"containers":[
                {"name":"c","image":"i","lifecycle":{"stopSignal":"SIGUSR1"}},
                {"name":"d","image":"i","lifecycle":{"stopSignal":"SIGUSR1","preStop":{"sleep":{"seconds":1}}}}]}
            """);
        Assert.Null(pod.Spec.Containers[0].Lifecycle);
        Assert.Null(pod.Spec.Containers[1].Lifecycle.StopSignal);
        Assert.Equal(1, pod.Spec.Containers[1].Lifecycle.PreStop.Sleep.Seconds);
        Assert.Empty(Errors(pod));
    }

    [Fact]
    public void SubscriptsThatDoNotOpen() => Assert.Equal(
        [
            "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"metadata.labels[']\": error " +
            "converting fieldPath: field label not supported: metadata.labels[']",
        ],
        Errors(Make(
            """
            {"containers":[{"name":"c","image":"i","env":[
                {"name":"A","valueFrom":{"fieldRef":{"fieldPath":"metadata.labels[']"}}}]}]}
            """)));

    [Theory]
    [InlineData("0", true)]
    [InlineData("-5", true)]
    [InlineData("-0", true)]
    [InlineData("-01", true)]
    [InlineData("+1", false)]
    [InlineData("01", false)]
    [InlineData("", false)]
    [InlineData("2147483648", false)]
    public void CostsOfDeletion(string cost, bool isFine)
    {
        var pod = Make("""{"containers":[{"name":"c","image":"i"}]}""");
        pod.Metadata.Annotations = new Dictionary<string, string> { [PodAnnotations.DeletionCost] = cost };
        Assert.Equal(isFine, Errors(pod).Count == 0);
    }

    [Fact]
    public void OfEqualLabelKeysTheLastIsNamed() => Assert.Equal(
        [
            "spec.topologySpreadConstraints[0][1]: Invalid value: \"a\": exists in both matchLabelKeys and " +
            "labelSelector",
        ],
        Errors(Make(
            """
            {"containers":[{"name":"c","image":"i"}],"topologySpreadConstraints":[
                {"maxSkew":1,"topologyKey":"t","whenUnsatisfiable":"DoNotSchedule","matchLabelKeys":["a","a"],
                 "labelSelector":{"matchLabels":{"a":"1"},"matchExpressions":[{"key":"a","operator":"Exists"}]}}]}
            """)));

    [Fact]
    public void OfDevicesWithOneNameOnlyTheLastPathIsTaken() => Assert.Equal(
        ["spec.containers[0].volumeDevices[1].name: Invalid value: \"v\": must be unique"],
        Errors(Make(
            """
            {"containers":[{"name":"c","image":"i",
                "volumeDevices":[{"name":"v","devicePath":"/a"},{"name":"v","devicePath":"/b"}],
                "volumeMounts":[{"name":"w","mountPath":"/a"}]}],
             "volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"x"}},{"name":"w","emptyDir":{}}]}
            """))
            .Where(e => !e.Contains("volumeMounts", StringComparison.Ordinal)
                || e.StartsWith("spec.containers[0].volumeMounts", StringComparison.Ordinal)));

    [Fact]
    public void AnOperatingSystemHasAName() => Assert.Equal(
        ["spec.os.name: Required value: cannot be empty"],
        Errors(Make("""{"os":{"name":""},"containers":[{"name":"c","image":"i"}]}""")));

    private V1Pod Make(string spec)
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "n" },
            Spec = KubernetesJson.Deserialize<V1PodSpec>(spec),
        };
        _strategy.SetDefaults(pod);
        _strategy.PrepareForCreate(pod);
        return pod;
    }

    private List<string> Errors(V1Pod pod)
    {
        var errors = new FieldErrors();
        _strategy.Validate(pod, errors);
        return [.. errors.All.Select(e => $"{e.Field}: {e.Message}")];
    }
}
