using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission;

public sealed class SecretRulesTests
{
    private const string Tail = "is not allowed because service account bot does not reference that";

    [Theory]
    [InlineData("true", """{"imagePullSecrets":[{"name":"pull"},{"name":"other"}]}""",
        $"imagePullSecrets[1].name=\"other\" {Tail} imagePullSecret")]
    [InlineData("1", """{"volumes":[{"name":"v","secret":{"secretName":"other"}}]}""",
        $"volume with secret.secretName=\"other\" {Tail} secret")]
    [InlineData("T", """{"initContainers":[{"name":"i","envFrom":[{"secretRef":{"name":"other"}}]}]}""",
        $"init container i with envFrom referencing secret.secretName=\"other\" {Tail} secret")]
    [InlineData("TRUE", """{"containers":[{"name":"c","envFrom":[{"secretRef":{"name":"ok"}}]}]}""", null)]
    [InlineData(" true", """{"imagePullSecrets":[{"name":"other"}]}""", null)]
    [InlineData("tRUE", """{"imagePullSecrets":[{"name":"other"}]}""", null)]
    public void APodUsesWhatItsAccountLists(string annotation, string spec, string? expected) =>
        Assert.Equal(expected, SecretRules.Check(Account(annotation), Spec(spec)));

    [Theory]
    [InlineData("""{"ephemeralContainers":[{"name":"e","env":[{"name":"A","valueFrom":{"secretKeyRef":{"key":"k","name":"other"}}}]}]}""",
        $"ephemeral container e with envVar A referencing secret.secretName=\"other\" {Tail} secret")]
    [InlineData("""{"ephemeralContainers":[{"name":"e","envFrom":[{"secretRef":{"name":"other"}}]}]}""",
        $"ephemeral container e with envFrom referencing secret.secretName=\"other\" {Tail} secret")]
    [InlineData("""{"ephemeralContainers":[{"name":"e","envFrom":[{"secretRef":{"name":"ok"}}]}]}""", null)]
    public void SoDoItsEphemeralContainers(string spec, string? expected) =>
        Assert.Equal(expected, SecretRules.CheckEphemeral(Account("true"), Spec(spec)));

    [Theory]
    [InlineData("""{"imagePullSecrets":[{"name":"s"}]}""", "a mirror pod may not reference secrets")]
    [InlineData("""{"containers":[{"name":"c","envFrom":[{"secretRef":{"name":"s"}}]}]}""",
        "a mirror pod may not reference secrets")]
    [InlineData("""{"volumes":[{"name":"v","projected":{"sources":[{"secret":{"name":"s"}}]}}]}""",
        "a mirror pod may not reference secrets")]
    [InlineData("""{"volumes":[{"name":"v","projected":{"sources":[{"serviceAccountToken":{"path":"t"}}]}}]}""",
        "a mirror pod may not use ServiceAccountToken volume projections")]
    [InlineData("""{"volumes":[{"name":"v","configMap":{"name":"c"}}]}""", null)]
    public void AMirrorPodRefersToNoSecret(string spec, string? expected) =>
        Assert.Equal(expected, ServiceAccountPlugin.CheckMirror(new V1Pod { Spec = Spec(spec) }));

    private static V1PodSpec Spec(string json) => KubernetesJson.Deserialize<V1PodSpec>(json);

    private static V1ServiceAccount Account(string annotation) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = "bot",
            Annotations = new Dictionary<string, string> { ["kubernetes.io/enforce-mountable-secrets"] = annotation },
        },
        Secrets = [new V1ObjectReference { Name = "ok" }],
        ImagePullSecrets = [new V1LocalObjectReference { Name = "pull" }],
    };
}
