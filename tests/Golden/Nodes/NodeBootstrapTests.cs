using System.Security.Cryptography;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent;
using OrleansOrchestrator.NodeAgent.Credentials;
using Xunit;

namespace OrleansOrchestrator.Golden.Nodes;

/// <summary>A machine that has nothing but a token gets the certificates of a node, and replaces them.</summary>
public sealed class NodeBootstrapTests
{
    private const string Token = "abcdef.0123456789abcdef";

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_machine_with_a_token_becomes_a_node()
    {
        await using var cluster = await JoiningCluster.StartAsync();
        var credentials = await JoinAsync(cluster);
        using var node = credentials.Connect();
        var self = await WhoAmIAsync(node);
        Assert.Equal("system:node:n7", self.Username);
        Assert.Equal(["system:authenticated", "system:nodes"], self.Groups.Order(StringComparer.Ordinal));

        // What it keeps, and what its proxy, its routes, its DNS and its announcer read.
        await node.CoreV1.CreateNodeAsync(
            new V1Node { Metadata = new V1ObjectMeta { Name = "n7" } }, cancellationToken: Limit);
        await node.CoreV1.ListNodeAsync(cancellationToken: Limit);
        await node.CoreV1.ListNamespaceAsync(cancellationToken: Limit);
        await node.CoreV1.ListServiceForAllNamespacesAsync(cancellationToken: Limit);
        await node.DiscoveryV1.ListEndpointSliceForAllNamespacesAsync(cancellationToken: Limit);
        var refused = await Assert.ThrowsAsync<HttpOperationException>(
            () => node.CoreV1.ListSecretForAllNamespacesAsync(cancellationToken: Limit));
        Assert.Equal(403, (int)refused.Response.StatusCode);

        // A restart asks for nothing.
        await Credentials(cluster).EnsureAsync(Limit);
        var requests = await cluster.Admin.CertificatesV1.ListCertificateSigningRequestAsync(cancellationToken: Limit);
        Assert.StartsWith("node-csr-", Assert.Single(requests.Items).Metadata.Name, StringComparison.Ordinal);
        Assert.False(File.Exists($"{credentials.Client.Path}.key.tmp"));
    }

    [Fact]
    public async Task A_node_replaces_its_certificate_while_it_is_in_use()
    {
        await using var cluster = await JoiningCluster.StartAsync();
        var credentials = await JoinAsync(cluster);
        var first = credentials.Client.Current!;
        using var node = credentials.Connect();
        Assert.Equal([IdOf(first)], (await WhoAmIAsync(node)).Extra[CredentialId]);

        await Rotation(credentials.Client, CertificateWish.Client("n7"), node).RotateAsync(Limit);

        var second = credentials.Client.Current!;
        Assert.NotEqual(first.Thumbprint, second.Thumbprint);
        Assert.NotEqual(first.GetPublicKeyString(), second.GetPublicKeyString());
        using var fresh = credentials.Connect();
        Assert.Equal([IdOf(second)], (await WhoAmIAsync(fresh)).Extra[CredentialId]);
        var request = (await cluster.Admin.CertificatesV1.ListCertificateSigningRequestAsync(cancellationToken: Limit))
            .Items.Single(r => r.Metadata.Name.StartsWith("csr-", StringComparison.Ordinal));
        Assert.Equal("system:node:n7", request.Spec.Username);
        Assert.Equal(
            "Auto approving self kubelet client certificate after SubjectAccessReview.",
            Assert.Single(request.Status.Conditions).Message);

        var restarted = Credentials(cluster);
        await restarted.EnsureAsync(Limit);
        Assert.Equal(second.Thumbprint, restarted.Client.Current!.Thumbprint);
    }

    [Fact]
    public async Task The_certificate_of_its_port_waits_for_a_person()
    {
        await using var cluster = await JoiningCluster.StartAsync();
        var credentials = await JoinAsync(cluster);
        using var node = credentials.Connect();
        var wish = CertificateWish.Serving("n7", ["192.0.2.7"]);
        var rotating = Rotation(credentials.Serving, wish, node).RotateAsync(Limit);
        var request = await NextAsync(cluster, wish.Signer);
        Assert.False(rotating.IsCompleted);
        Assert.Null(credentials.Serving.Current);

        request.Status.Conditions = [Condition("Approved")];
        await cluster.Admin.CertificatesV1.ReplaceCertificateSigningRequestApprovalAsync(
            request, request.Metadata.Name, cancellationToken: Limit);
        await rotating;
        var certificate = credentials.Serving.Current!;
        Assert.True(wish.IsMetBy(certificate));
        Assert.False(CertificateWish.Serving("n7", ["192.0.2.8"]).IsMetBy(certificate));
        Assert.Equal("O=system:nodes, CN=system:node:n7", certificate.Subject);
    }

    [Fact]
    public async Task A_request_that_is_denied_says_why()
    {
        await using var cluster = await JoiningCluster.StartAsync(signs: false);
        var joining = JoinAsync(cluster);
        var wish = CertificateWish.Client("n7");
        var request = await NextAsync(cluster, wish.Signer);
        Assert.Equal("system:bootstrap:abcdef", request.Spec.Username);
        request.Status.Conditions = [Condition("Denied")];
        await cluster.Admin.CertificatesV1.ReplaceCertificateSigningRequestApprovalAsync(
            request, request.Metadata.Name, cancellationToken: Limit);
        var refused = await Assert.ThrowsAsync<CertificateRefusedException>(() => joining);
        Assert.Equal(
            $"certificate signing request {request.Metadata.Name} is denied, reason: Test, message: by the test",
            refused.Message);
    }

    [Fact]
    public async Task A_machine_that_starts_again_waits_for_the_same_request()
    {
        await using var cluster = await JoiningCluster.StartAsync(signs: false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Limit);
        var first = Credentials(cluster).EnsureAsync(stop.Token);
        var request = await NextAsync(cluster, CertificateWish.Client("n7").Signer);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        var second = JoinAsync(cluster);
        request.Status.Conditions = [Condition("Denied")];
        await cluster.Admin.CertificatesV1.ReplaceCertificateSigningRequestApprovalAsync(
            request, request.Metadata.Name, cancellationToken: Limit);
        await Assert.ThrowsAsync<CertificateRefusedException>(() => second);
        Assert.Single((await cluster.Admin.CertificatesV1
            .ListCertificateSigningRequestAsync(cancellationToken: Limit)).Items);
    }

    [Fact]
    public async Task A_wrong_token_gets_nothing()
    {
        await using var cluster = await JoiningCluster.StartAsync();
        var refused = await Assert.ThrowsAsync<CertificateRefusedException>(
            () => JoinAsync(cluster, "abcdef.fedcba9876543210"));
        Assert.StartsWith(
            "The API refuses the request for the node's certificate (Unauthorized): ", refused.Message,
            StringComparison.Ordinal);
    }

    private const string CredentialId = "authentication.kubernetes.io/credential-id";

    private static async Task<NodeCredentials> JoinAsync(JoiningCluster cluster, string token = Token)
    {
        var credentials = Credentials(cluster, token);
        await credentials.EnsureAsync(Limit);
        return credentials;
    }

    private static NodeCredentials Credentials(JoiningCluster cluster, string token = Token) => new(
        new NodeAgentOptions
        {
            NodeName = "n7",
            DataDirectory = cluster.PathOf("node"),
            Kubeconfig = cluster.PathOf("kubelet.conf"),
            BootstrapKubeconfig = cluster.Kubeconfig("bootstrap.conf", token),
        },
        TimeProvider.System,
        NullLoggerFactory.Instance);

    private static CertificateRotation Rotation(CertificateFile file, CertificateWish wish, Kubernetes node) => new(
        file, wish, new SigningRequests(() => node, TimeProvider.System, NullLogger.Instance), new Random(1),
        TimeProvider.System, NullLogger.Instance);

    private static async Task<V1UserInfo> WhoAmIAsync(Kubernetes client) =>
        (await client.AuthenticationV1.CreateSelfSubjectReviewAsync(
            new V1SelfSubjectReview { ApiVersion = "authentication.k8s.io/v1", Kind = "SelfSubjectReview" },
            cancellationToken: Limit)).Status.UserInfo;

    /// <summary>The next request for a signer, watched.</summary>
    private static async Task<V1CertificateSigningRequest> NextAsync(JoiningCluster cluster, string signer)
    {
        await foreach (var (_, item) in cluster.Admin.CertificatesV1.WatchListCertificateSigningRequestAsync(
            fieldSelector: $"spec.signerName={signer}", cancellationToken: Limit))
        {
            item.Status ??= new V1CertificateSigningRequestStatus();
            return item;
        }

        throw new InvalidOperationException("the watch has ended");
    }

    private static V1CertificateSigningRequestCondition Condition(string type) => new()
    {
        Type = type, Status = "True", Reason = "Test", Message = "by the test",
    };

    private static string IdOf(System.Security.Cryptography.X509Certificates.X509Certificate2 certificate) =>
        $"X509SHA256={Convert.ToHexStringLower(SHA256.HashData(certificate.RawData))}";
}
