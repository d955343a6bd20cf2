using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.Grains.Certificates.SigningRequests;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Certificates.SigningRequests;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>
/// Requests for certificates: one that is approved by its sender's right, one by a person, one that cannot be signed,
/// and one that nobody decides about. In the end all have gone.
/// </summary>
internal sealed class SigningRequestPlay : CrashPlay
{
    private static readonly byte[] OfNode = Request("O=system:nodes, CN=system:node:n1");
    private static readonly byte[] OfPerson = Request("O=devs, CN=jane");

    private readonly Dictionary<string, string> _issued = new(StringComparer.Ordinal);

    protected override int Acts => 3;

    protected override void SetUp()
    {
        World.Api.Answer = request => request.Resource == WellKnown.SubjectAccessReviews ? Allowed(request) : null;
        Add("node", KubernetesSigners.KubeletClient, OfNode);
        Add("wrong", KubernetesSigners.KubeletClient, OfPerson, isApproved: true);
        Add("person", KubernetesSigners.ApiClient, OfPerson, isApproved: true);
        Add("undecided", KubernetesSigners.ApiClient, OfPerson);
    }

    protected override void Change(int act) => World.Time.Advance(TimeSpan.FromHours(act == 1 ? 2 : act * 24));

    protected override void Step()
    {
        foreach (var name in World.Api.All<V1CertificateSigningRequest>().Select(r => r.Metadata.Name).ToList())
        {
            new SigningRequestReconciler(new ObjectKey("", name), World.Services)
                .ReconcileAsync(default).GetAwaiter().GetResult();
        }
    }

    /// <summary>The API says since when something is so.</summary>
    protected override void StepOthers()
    {
        foreach (var name in World.Api.All<V1CertificateSigningRequest>().Where(IsUnstamped)
            .Select(r => r.Metadata.Name).ToList())
        {
            World.Api.Change<V1CertificateSigningRequest>(
                "", name,
                r =>
                {
                    foreach (var condition in r.Status.Conditions)
                    {
                        condition.LastUpdateTime ??= World.Time.GetUtcNow().UtcDateTime;
                    }
                },
                "status");
        }
    }

    protected override void LoseMemory()
    {
        // There is none.
    }

    /// <summary>A certificate was approved, is given once, and is not replaced.</summary>
    protected override void Check()
    {
        foreach (var request in World.Api.All<V1CertificateSigningRequest>())
        {
            var conditions = (request.Status?.Conditions ?? []).Select(c => c.Type).ToList();
            Assert.Equal(conditions.Count, conditions.Distinct().Count());
            if (request.Status?.Certificate is { } certificate)
            {
                Assert.Equal(["Approved"], conditions);
                var text = Encoding.ASCII.GetString(certificate);
                Assert.Equal(_issued.GetValueOrDefault(request.Metadata.Name, text), text);
                _issued[request.Metadata.Name] = text;
            }
        }
    }

    private static bool IsUnstamped(V1CertificateSigningRequest request) =>
        request.Status?.Conditions?.Any(c => c.LastUpdateTime is null) == true;

    private static ResourceObject Allowed(CreateRequest request)
    {
        var review = ResourceCodec.Decode<V1SubjectAccessReview>(request.Json);
        review.Status = new V1SubjectAccessReviewStatus { Allowed = true };
        return new ResourceObject(new ObjectKey("", ""), "", 0, ResourceCodec.Encode(review));
    }

    private void Add(string name, string signer, byte[] request, bool isApproved = false) =>
        World.Api.Seed(new V1CertificateSigningRequest
        {
            Metadata = new V1ObjectMeta { Name = name },
            Spec = new V1CertificateSigningRequestSpec
            {
                SignerName = signer, Usages = ["digital signature", "client auth"], Username = "sender",
                Request = request,
            },
            Status = new V1CertificateSigningRequestStatus
            {
                Conditions = isApproved
                    ? [new V1CertificateSigningRequestCondition { Type = "Approved", Status = "True" }]
                    : null,
            },
        });

    private static byte[] Request(string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        return Encoding.ASCII.GetBytes(request.CreateSigningRequestPem());
    }
}
