using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.Grains.Certificates.SigningRequests;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Certificates.SigningRequests;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Certificates.SigningRequests;

public sealed class SigningRequestReconcilerTests
{
    private const string Name = "request";
    private static readonly string[] ClientUsages = ["digital signature", "client auth"];

    private readonly World _world = new();

    [Theory]
    [InlineData("selfnodeclient", "system:node:n1",
        "Auto approving self kubelet client certificate after SubjectAccessReview.")]
    [InlineData("nodeclient", "system:node:n1", "Auto approving kubelet client certificate after SubjectAccessReview.")]
    [InlineData("nodeclient", "jane", "Auto approving kubelet client certificate after SubjectAccessReview.")]
    [InlineData("selfnodeclient", "jane", null)]
    [InlineData("", "system:node:n1", null)]
    public async Task A_node_is_approved_by_its_senders_right(string right, string sender, string? message)
    {
        Grant(right);
        Add(KubernetesSigners.KubeletClient, "O=system:nodes, CN=system:node:n1", sender, rsa: true);
        await StepAsync();
        var conditions = Read()!.Status?.Conditions ?? [];
        Assert.Equal(message, conditions.Count == 0 ? null : Assert.Single(conditions).Message);

        await StepAsync();
        Assert.Equal(message is not null, Read()!.Status?.Certificate is { Length: > 0 });
    }

    [Theory]
    [InlineData(null, 365 * 24 * 3600 - 300)]
    [InlineData(1, 600)]
    [InlineData(3600, 3600)]
    [InlineData(864_000, 864_000 - 300)]
    [InlineData(int.MaxValue, 365 * 24 * 3600 - 300)]
    public async Task A_certificate_says_what_was_asked_and_nothing_more(int? asked, int seconds)
    {
        Add(KubernetesSigners.ApiClient, "O=devs, CN=jane", "jane", isAuthority: true);
        _world.Api.Change<V1CertificateSigningRequest>("", Name, r => r.Spec.ExpirationSeconds = asked);
        await StepAsync();
        Assert.Null(Read()!.Status?.Certificate);

        Approve();
        await StepAsync();
        var pem = Encoding.ASCII.GetString(Read()!.Status.Certificate);
        Assert.EndsWith("-----END CERTIFICATE-----\n", pem, StringComparison.Ordinal);
        using var certificate = X509Certificate2.CreateFromPem(pem);
        var now = _world.Time.GetUtcNow().UtcDateTime;
        Assert.Equal("O=devs, CN=jane", certificate.Subject);
        Assert.Equal(TimeSpan.FromSeconds(seconds), certificate.NotAfter.ToUniversalTime() - now);
        Assert.Equal(TimeSpan.FromMinutes(-5), certificate.NotBefore.ToUniversalTime() - now);
        Assert.False(certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
        var usage = certificate.Extensions.OfType<X509KeyUsageExtension>().Single().KeyUsages;
        Assert.Equal(X509KeyUsageFlags.DigitalSignature, usage);
        var purposes = certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages;
        Assert.Equal("1.3.6.1.5.5.7.3.2", Assert.Single(purposes.Cast<Oid>()).Value);
    }

    [Fact]
    public async Task What_its_signer_does_not_give_has_failed()
    {
        Add(KubernetesSigners.KubeletClient, "O=devs, CN=jane", "jane");
        Approve();
        await StepAsync();
        var failed = Assert.Single(Read()!.Status.Conditions, c => c.Type == "Failed");
        Assert.Equal(
            ("True", "SignerValidationFailure", "subject organization is not system:nodes"),
            (failed.Status, failed.Reason, failed.Message));
        Assert.Null(Read()!.Status.Certificate);
    }

    [Fact]
    public async Task Requests_for_signers_of_others_are_left_alone()
    {
        Grant("nodeclient");
        Add("example.com/signer", "O=system:nodes, CN=system:node:n1", "jane");
        Approve();
        var writes = _world.Api.Writes;
        await StepAsync();
        Assert.Equal(writes, _world.Api.Writes);
    }

    [Theory]
    [InlineData("", 24)]
    [InlineData("Denied", 1)]
    [InlineData("Failed", 1)]
    [InlineData("Approved", 1)]
    [InlineData("Waiting", null)]
    public async Task What_nobody_needs_goes(string state, int? hours)
    {
        Add(state == "Waiting" ? "example.com/signer" : KubernetesSigners.ApiClient, "CN=jane", "jane");
        if (state.Length > 0)
        {
            Approve(state == "Waiting" ? "Approved" : state);
            await StepAsync();
        }

        _world.Time.Advance(TimeSpan.FromHours(hours ?? 1000) - TimeSpan.FromSeconds(1));
        await StepAsync();
        Assert.NotNull(Read());

        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await StepAsync();
        Assert.Equal(hours is null, Read() is not null);
    }

    private void Grant(string right) => _world.Api.Answer = request =>
    {
        if (request.Resource != WellKnown.SubjectAccessReviews)
        {
            return null;
        }

        var review = ResourceCodec.Decode<V1SubjectAccessReview>(request.Json);
        review.Status = new V1SubjectAccessReviewStatus
        {
            Allowed = review.Spec.ResourceAttributes is { Version: "*" } asked && asked.Subresource == right,
        };
        return new ResourceObject(new ObjectKey("", ""), "", 0, ResourceCodec.Encode(review));
    };

    private void Add(
        string signer, string subject, string sender, bool rsa = false, bool isAuthority = false) =>
        _world.Api.Seed(new V1CertificateSigningRequest
        {
            Metadata = new V1ObjectMeta { Name = Name },
            Spec = new V1CertificateSigningRequestSpec
            {
                SignerName = signer, Usages = [.. ClientUsages], Username = sender,
                Request = Request(subject, rsa, isAuthority),
            },
        });

    private static byte[] Request(string subject, bool rsa, bool isAuthority)
    {
        using AsymmetricAlgorithm key = rsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = key is RSA rsaKey
            ? new CertificateRequest(subject, rsaKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(subject, (ECDsa)key, HashAlgorithmName.SHA256);
        if (isAuthority)
        {
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        }

        return Encoding.ASCII.GetBytes(request.CreateSigningRequestPem());
    }

    private void Approve(string type = "Approved") =>
        _world.Api.Change<V1CertificateSigningRequest>("", Name, r => r.Status = new V1CertificateSigningRequestStatus
        {
            Conditions =
            [
                new V1CertificateSigningRequestCondition
                {
                    Type = type, Status = "True", LastUpdateTime = _world.Time.GetUtcNow().UtcDateTime,
                },
            ],
        }, "status");

    private V1CertificateSigningRequest? Read() => _world.Api.Find<V1CertificateSigningRequest>("", Name);

    private Task<Grains.Kernel.ReconcileResult> StepAsync() =>
        new SigningRequestReconciler(new ObjectKey("", Name), _world.Services).ReconcileAsync(default);
}
