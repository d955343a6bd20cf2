using System.Net;
using System.Net.Http.Headers;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>What a pod is to the API.</summary>
[Collection(ClusterTests.Name)]
public sealed class IdentityTests(RealCluster cluster)
{
    private const string Credentials = "/var/run/secrets/kubernetes.io/serviceaccount";

    [Fact]
    public async Task A_pod_is_known_by_its_token_as_long_as_it_lives()
    {
        await using var space = await Space.CreateAsync(cluster, "identity");
        await space.ApplyAsync(Pods.Shell("p", Pods.Idle, more: "volumeMounts: [{name: host, mountPath: /host, readOnly: true}, {name: scratch, mountPath: /scratch}]") +
            $"\n  volumes: [{{name: host, hostPath: {{path: /}}}}, {{name: scratch, hostPath: {{path: {cluster.Scratch}}}}}]\n");
        await space.WaitAsync("pod/p", "Ready");
        Assert.Equal("identity", await space.ShellAsync("p", $"cat {Credentials}/namespace"));

        var answer = await AskFromInsideAsync(space);
        Assert.Contains("403", answer.Split('\n')[0], StringComparison.Ordinal);
        Assert.Contains(
            "User \\\"system:serviceaccount:identity:default\\\" cannot list resource \\\"pods\\\"",
            answer,
            StringComparison.Ordinal);

        var token = await space.ShellAsync("p", $"cat {Credentials}/token");
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(token));
        await space.KubectlAsync("delete", "pod", "p");
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(token));
    }

    // With the host's openssl, because busybox's wget does not check whom it talks to. It answers nothing when the
    // server is not whom it should be; what it thinks of the end of the connection does not count.
    private async Task<string> AskFromInsideAsync(Space space)
    {
        const string Script = $"""
            cp {Credentials}/ca.crt /scratch/ca.crt
            (printf 'GET /api/v1/namespaces/identity/pods HTTP/1.1\r\nHost: kubernetes.default\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n' $(cat {Credentials}/token)) |
            chroot /host openssl s_client -quiet -ign_eof -connect $KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT -CAfile $SCRATCH/ca.crt \
              -verify_return_error -verify_hostname kubernetes.default -servername kubernetes.default || true
            """;
        return await space.ShellAsync("p", $"SCRATCH={cluster.Scratch}\n{Script}");
    }

    private async Task<HttpStatusCode> AskAsync(string token)
    {
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator };
        using var http = new HttpClient(handler);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var server = (await cluster.KubectlAsync("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")).Required;
        using var answer = await http.GetAsync(new Uri($"{server}/api/v1/namespaces/identity/pods"));
        return answer.StatusCode;
    }
}
