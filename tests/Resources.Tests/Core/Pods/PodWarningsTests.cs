using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.Pods;

/// <summary>Warnings of new pods, in upstream's words.</summary>
public sealed class PodWarningsTests
{
    private const string AppArmor = "container.apparmor.security.beta.kubernetes.io/c";

    private readonly PodStrategy _strategy = new();

    [Theory]
    [InlineData(
        """{"name":"v","configMap":{"name":"o","items":[{"key":"a","path":"test"},{"key":"b","path":"test/app/"}]}}""",
        "volume \"v\" (ConfigMap \"o\"): overlapping paths: \"test/app\" with \"test\"")]
    [InlineData(
        """{"name":"v","secret":{"secretName":"o","items":[{"key":"a","path":"x/y"},{"key":"b","path":"x"}]}}""",
        "volume \"v\" (Secret \"o\"): overlapping paths: \"x\" with \"x/y\"")]
    [InlineData(
        """
        {"name":"v","downwardAPI":{"items":[
            {"path":"a","fieldRef":{"fieldPath":"metadata.name"}},{"path":"a","fieldRef":{"fieldPath":"metadata.name"}}]}}
        """,
        "volume \"v\" (DownwardAPI): overlapping paths: \"a\" with \"a\"")]
    [InlineData(
        """
        {"name":"v","projected":{"sources":[
            {"serviceAccountToken":{"path":"a/b"}},{"configMap":{"name":"o","items":[{"key":"k","path":"a"}]}}]}}
        """,
        "volume \"v\" (Projected): overlapping paths: \"a\" (ConfigMap \"o\") with \"a/b\" (ServiceAccountToken)")]
    [InlineData("""{"name":"v","projected":{"sources":[{}]}}""", "volume \"v\" (Projected) has no sources provided")]
    [InlineData(
        """{"name":"v","projected":{"sources":[{"clusterTrustBundle":{"name":"b","path":"p"}}]}}""",
        "volume \"v\" (Projected) has no sources provided")]
    [InlineData(
        """{"name":"v","ephemeral":{"volumeClaimTemplate":{"spec":{"resources":{"requests":{"storage":"200m"}}}}}}""",
        "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional byte value " +
        "\"200m\" is invalid, must be an integer")]
    public void Volumes(string volume, string text) => Assert.Equal([text], WarnOfVolume(volume));

    [Fact]
    public void FilesBesideEachOtherAreFine() => Assert.Empty(WarnOfVolume(
        """{"name":"v","configMap":{"name":"o","items":[{"key":"a","path":"a"},{"key":"b","path":"ab"}]}}"""));

    [Fact]
    public void SourcesWithUnknownFilesCountLikeTheOneBefore() => Assert.Equal(
        ["volume \"v\" (Projected): overlapping paths: \"k\" (Secret \"s\") with \"k\" (Secret \"s\")"],
        WarnOfVolume(
            """
            {"name":"v","projected":{"sources":[
                {"secret":{"name":"r"}},{"secret":{"name":"s","items":[{"key":"k","path":"k"}]}},{"secret":{"name":"t"}}]}}
            """));

    [Fact]
    public void PortsOfOneName() => Assert.Equal(
        [
            "spec.containers[1].ports[0]: duplicate port name \"web\" with spec.containers[0].ports[0], services and " +
            "probes that select ports by name will use spec.containers[0].ports[0]",
        ],
        Warn(
            """
            {"containers":[
                {"name":"c","image":"i","ports":[{"name":"web","containerPort":80}]},
                {"name":"d","image":"i","ports":[{"name":"web","containerPort":81}]}]}
            """));

    [Fact]
    public void PreferredValuesThatNoLabelHas() => Assert.StartsWith(
        "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0]" +
        ".values[1]: a b is invalid, a valid label must be an empty string or consist of",
        Assert.Single(Warn(
            """
            {"containers":[{"name":"c","image":"i"}],
             "affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[
                {"weight":1,"preference":{"matchExpressions":[{"key":"k","operator":"In","values":["a","a b"]}]}}]}}}
            """)),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("unconfined", "Unconfined", true)]
    [InlineData("localhost/p", "Localhost", true)]
    [InlineData("localhost/ padded", null, true)]
    [InlineData("localhost/", null, true)]
    [InlineData("runtime/default", null, false)]
    public void AppArmorAnnotations(string annotation, string? type, bool warns)
    {
        var pod = Make(
            """
            {"containers":[{"name":"c","image":"i"}],"securityContext":{"appArmorProfile":{"type":"RuntimeDefault"}}}
            """);
        pod.Metadata.Annotations = new Dictionary<string, string> { [AppArmor] = annotation };
        string[] texts = warns
            ? [$"metadata.annotations[{AppArmor}]: deprecated since v1.30; use the \"appArmorProfile\" field instead"]
            : [];
        Assert.Equal(texts, _strategy.EarlyWarnings(pod).ToArray());
        _strategy.PrepareForCreate(pod);
        Assert.Equal(type, pod.Spec.Containers[0].SecurityContext?.AppArmorProfile?.Type);
        Assert.Empty(_strategy.Warnings(pod, null));
    }

    private List<string> WarnOfVolume(string volume) =>
        Warn("{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}],\"volumes\":[" + volume + "]}");

    private List<string> Warn(string spec)
    {
        var pod = Make(spec);
        _strategy.PrepareForCreate(pod);
        return [.. _strategy.Warnings(pod, null)];
    }

    private V1Pod Make(string spec)
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "n" },
            Spec = KubernetesJson.Deserialize<V1PodSpec>(spec),
        };
        _strategy.SetDefaults(pod);
        return pod;
    }
}
