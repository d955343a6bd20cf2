using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.StaticPods;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.StaticPods.Manifests;

namespace OrleansOrchestrator.NodeAgent.Tests.StaticPods;

public sealed class ManifestTests
{
    private const string Json =
        """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":{"containers":[{"name":"c","image":"i"}]}}
        """;

    [Fact]
    public void A_manifest_becomes_a_pod_of_the_node()
    {
        var pod = Read(Web).Pod;

        Assert.Equal(
            ("web-node-1", "default", NodeName),
            (pod.Metadata.Name, pod.Metadata.NamespaceProperty, pod.Spec.NodeName));
        Assert.Matches("^[0-9a-f]{32}$", pod.Metadata.Uid);
        Assert.Equal(pod.Metadata.Uid, pod.Annotation(ConfigAnnotations.Hash));
        Assert.Equal("file", pod.Annotation("kubernetes.io/config.source"));
        Assert.True(pod.IsStatic());
        Assert.False(pod.IsMirror());
        var toleration = Assert.Single(pod.Spec.Tolerations);
        Assert.Equal(("Exists", "NoExecute"), (toleration.OperatorProperty, toleration.Effect));
        Assert.Equal(("Pending", "BestEffort"), (pod.Status.Phase, pod.Status.QosClass));
    }

    [Fact]
    public void It_gets_the_defaults_of_the_API()
    {
        var pod = Read(Web).Pod;

        Assert.Equal(
            ("Always", "ClusterFirst", 30L),
            (pod.Spec.RestartPolicy, pod.Spec.DnsPolicy, pod.Spec.TerminationGracePeriodSeconds));
        Assert.Equal(
            ("Always", "/dev/termination-log"),
            (pod.Spec.Containers[0].ImagePullPolicy, pod.Spec.Containers[0].TerminationMessagePath));
    }

    [Fact]
    public void YAML_and_JSON_say_the_same()
    {
        Assert.Equal(Read(Web).Digest, Read(Json).Digest);
        Assert.Equal(Read(Web).Digest, Read(Web + "\n# of no meaning").Digest);
    }

    [Fact]
    public void Another_content_file_or_node_is_another_pod()
    {
        string[] digests =
        [
            Read(Web).Digest, Image("j").Digest, Read(Web, "/manifests/other.yaml").Digest, Read(Web, node: "n").Digest,
        ];

        Assert.Equal(digests.Length, digests.Distinct().Count());
        Assert.Equal(Read(Web).Pod.Metadata.Uid, Read(Web).Pod.Metadata.Uid);
    }

    [Fact]
    public void What_a_manifest_says_itself_stays()
    {
        var pod = Read(Web.Replace(
            "  name: web",
            "  name: web\n  namespace: kube-system\n  uid: mine\n  annotations: {a: b}",
            StringComparison.Ordinal) + "\n  priorityClassName: system-node-critical").Pod;

        Assert.Equal(("kube-system", "mine"), (pod.Metadata.NamespaceProperty, pod.Metadata.Uid));
        Assert.Equal(("b", "mine"), (pod.Annotation("a"), pod.Annotation(ConfigAnnotations.Hash)));
        Assert.Equal(-997, OomScores.Of(pod, pod.Spec.Containers[0], 1 << 30));
        Assert.True(pod.IsCritical());
    }

    [Theory]
    [InlineData("tolerations: [{operator: Exists, effect: NoExecute}]", 1)]
    [InlineData("tolerations: [{operator: Exists, effect: NoSchedule}]", 2)]
    public void It_tolerates_all_that_ends_others_once(string tolerations, int count) =>
        Assert.Equal(count, Read($"{Web}\n  {tolerations}").Pod.Spec.Tolerations.Count);

    [Theory]
    [InlineData("", "Object 'Kind' is missing in 'null'")]
    [InlineData("[]", "Object 'Kind' is missing in '[]'")]
    [InlineData("""{"kind":"Pod"}""", "Object 'apiVersion' is missing in '{\"kind\":\"Pod\"}'")]
    [InlineData(
        """{"kind":"ConfigMap","apiVersion":"v1"}""", "no kind \"ConfigMap\" is registered for version \"v1\"")]
    public void What_is_no_pod_is_refused(string text, string problem) => Assert.Equal(
        $"{WebPath}: couldn't parse as pod({problem}), please check config file",
        Assert.Throws<ManifestException>(() => Read(text)).Message);

    [Theory]
    [InlineData("{}", "{}", "name is needed for the pod")]
    [InlineData("""{"name":"web"}""", "{}", "[spec.containers: Required value]")]
    [InlineData(
        """{"name":"web"}""", """{"containers":[{"name":"C"},{"name":"d"}]}""",
        "[spec.containers[0].name: Invalid value: \"C\": a lowercase RFC 1123 label must consist of lower case " +
        "alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or " +
        "'123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?') spec.containers[0].image: Required " +
        "value spec.containers[1].image: Required value]")]
    public void What_breaks_the_rules_of_pods_is_refused(string metadata, string spec, string problem) => Assert.Equal(
        $"invalid pod: {problem}",
        Assert.Throws<ManifestException>(
            () => Read($$"""{"kind":"Pod","apiVersion":"v1","metadata":{{metadata}},"spec":{{spec}}}""")).Message);

    [Theory]
    [InlineData("..")]
    [InlineData("../volumes")]
    [InlineData("/etc")]
    public void A_uid_that_leads_elsewhere_is_refused(string uid) => Assert.Equal(
        $"invalid pod: uid \"{uid}\" is no name of a directory",
        Assert.Throws<ManifestException>(
            () => Read(Web.Replace("  name: web", $"  name: web\n  uid: {uid}", StringComparison.Ordinal))).Message);

    [Theory]
    [InlineData("a: b: c")]
    [InlineData("{\"kind\":\"Pod\",")]
    [InlineData("""{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web"},"spec":{"containers":1}}""")]
    public void What_cannot_be_read_is_refused(string text) => Assert.StartsWith(
        $"{WebPath}: couldn't parse as pod(",
        Assert.Throws<ManifestException>(() => Read(text)).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("serviceAccountName: s", "serviceaccounts")]
    [InlineData("imagePullSecrets: [{name: s}]", "secrets")]
    [InlineData("volumes: [{name: v, secret: {secretName: s}}]", "secrets")]
    [InlineData("volumes: [{name: v, configMap: {name: s}}]", "configmaps")]
    [InlineData("volumes: [{name: v, persistentVolumeClaim: {claimName: s}}]", "persistentvolumeclaims")]
    [InlineData("volumes: [{name: v, csi: {driver: d}}]", "csidrivers")]
    [InlineData("resourceClaims: [{name: r, resourceClaimName: s}]", "resourceclaims")]
    public void A_pod_that_needs_the_API_is_refused(string field, string kind) => Assert.Equal(
        $"static pods may not reference {kind}",
        Assert.Throws<ManifestException>(() => Read($"{Web}\n  {field}")).Message);

    [Theory]
    [InlineData("file", true)]
    [InlineData("http", true)]
    [InlineData("api", false)]
    [InlineData(null, false)]
    public void Where_a_pod_comes_from_its_annotation_says(string? source, bool isStatic)
    {
        var pod = new V1Pod { Metadata = new V1ObjectMeta(), Spec = new V1PodSpec() };
        if (source is not null)
        {
            pod.Metadata.Annotations = new Dictionary<string, string> { [ConfigAnnotations.Source] = source };
        }

        Assert.Equal((isStatic, isStatic), (pod.IsStatic(), pod.IsCritical()));
    }
}
