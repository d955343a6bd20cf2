using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>What kubectl says when it is given something wrong; the words are upstream's.</summary>
[Collection(ClusterTests.Name)]
public sealed class BadInputTests(RealCluster cluster)
{
    private const int Oversize = 4 * 1024 * 1024;

    [Fact]
    public async Task Wrong_input_is_refused_with_upstreams_words()
    {
        await using var space = await Space.CreateAsync(cluster, "bad-input");
        await Concurrently.RunAsync(
            RefusedAsync(
                "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {contaners: []}}",
                "unknown field \"spec.contaners\""),
            RefusedAsync("{apiVersion: v1, kind: Pod, metadata: {name: p}}", "spec.containers: Required value"),
            RefusedAsync(
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: Upper_Case}}",
                "a lowercase RFC 1123 subdomain must consist of"),
            RefusedAsync(
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: 5}}",
                "cannot unmarshal number into Go struct field ConfigMap.data of type string"),
            RefusedAsync(
                "{apiVersion: example.com/v1, kind: Fancy, metadata: {name: f}}",
                "no matches for kind \"Fancy\" in version \"example.com/v1\""),
            RefusedAsync(
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: other}}",
                "the namespace from the provided object \"other\" does not match"),
            RefusedAsync($"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: c}}, data: {{a: '{new string('x', Oversize)}'}}}}", "limit"),
            FailsAsync("the server doesn't have a resource type \"fancies\"", "get", "fancies"),
            FailsAsync("(NotFound): pods \"nobody\" not found", "get", "pod", "nobody"),
            FailsAsync("(AlreadyExists): namespaces \"bad-input\" already exists", "create", "namespace", "bad-input"),
            FailsAsync("field label not supported: spec.wrong", "get", "pods", "--field-selector=spec.wrong=1"),
            FailsAsync("expected: ',' or 'end of string'", "get", "pods", "-l", "a=b=c"),
            FailsAsync("(BadRequest)", "get", "--raw", "/api/v1/pods?limit=many"),
            FailsAsync(
                "(NotFound): the server could not find the requested resource", "get", "--raw", "/apis/nothing/v1"),
            FailsAsync(
                "(MethodNotAllowed): the server does not allow this method on the requested resource",
                "delete",
                "--raw",
                "/api/v1/pods"),
            FailsAsync("must be greater than or equal to 0", "scale", "deployment/none", "--replicas=-1"),
            FailsAsync("the object provided is unrecognized", "create", "--raw", "/api/v1/namespaces/bad-input/pods", "-f", "/etc/hostname"));
    }

    private async Task RefusedAsync(string manifest, string words)
    {
        var answer = await cluster.KubectlWithInputAsync(manifest, "-n", "bad-input", "create", "-f", "-");
        Assert.Equal(1, answer.ExitCode);
        Assert.Contains(words, answer.Errors, StringComparison.Ordinal);
    }

    private async Task FailsAsync(string words, params string[] arguments)
    {
        var answer = await cluster.KubectlAsync(["-n", "bad-input", .. arguments]);
        Assert.NotEqual(0, answer.ExitCode);
        Assert.Contains(words, answer.Errors, StringComparison.Ordinal);
    }
}
