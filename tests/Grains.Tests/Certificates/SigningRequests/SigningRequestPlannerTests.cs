using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Certificates.SigningRequests;
using OrleansOrchestrator.Resources.Certificates.SigningRequests;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Certificates.SigningRequests;

/// <summary>Every signer, request, sender and state, against what upstream's rules say of each in plain
/// words.</summary>
public sealed class SigningRequestPlannerTests
{
    private const string Node = "system:node:n1";
    private const string Others = "example.com/signer";

    private static readonly DateTimeOffset Made = new(2026, 1, 2, 0, 0, 0, TimeSpan.Zero);

    private static readonly Dictionary<string, byte[]> Contents = new()
    {
        ["node"] = Request($"O=system:nodes, CN={Node}"),
        ["node with a name"] = Request($"O=system:nodes, CN={Node}", dnsName: "n1.local"),
        ["person"] = Request("O=devs, CN=jane"),
        ["nonsense"] = "nonsense"u8.ToArray(),
    };

    private static readonly Dictionary<string, string[]> Usages = new()
    {
        ["client"] = ["digital signature", "client auth"],
        ["client of RSA"] = ["digital signature", "key encipherment", "client auth"],
        ["server"] = ["digital signature", "server auth"],
        ["odd"] = ["client auth", "code signing"],
    };

    /// <summary>By the hours until they end.</summary>
    private static readonly Dictionary<int, byte[]> Certificates = new[] { 1, 30, 1000 }.ToDictionary(h => h, Certificate);

    private static readonly Gen<Facts> All =
        from signer in Gen.OneOf(
            KubernetesSigners.KubeletClient, KubernetesSigners.KubeletServing, KubernetesSigners.ApiClient, Others)
        from contents in Gen.OneOf(Contents.Keys.ToArray())
        from usages in Gen.OneOf(Usages.Keys.ToArray())
        from sender in Gen.OneOf(Node, "jane")
        from conditions in Gen.Select(Gen.OneOf("Approved", "Denied", "Failed"), Gen.Int[0, 40]).Array[0, 2]
        from certificate in Gen.OneOf(0, 0, 1, 30, 1000)
        select new Facts(signer, contents, usages, sender, conditions, certificate);

    [Fact]
    public void Who_may_approve_is_asked_for_undecided_nodes_only() => All.Check(facts =>
    {
        var asked = SigningRequestPlanner.Reviews(Make(facts)).Select(r => r.Subresource);
        string[] expected = facts.Signer != KubernetesSigners.KubeletClient || facts.IsIssued || !IsRight(facts)
            || facts.Has("Approved") || facts.Has("Denied") ? []
            : facts.Sender == Node ? ["selfnodeclient", "nodeclient"]
            : ["nodeclient"];
        Assert.Equal(expected, asked);
    }, cases: 2000);

    [Fact]
    public void What_is_approved_and_right_is_signed_once() => All.Check(facts =>
    {
        var (step, complaint) = SigningRequestPlanner.Sign(Make(facts));
        var expected = facts.Signer == Others || facts.IsIssued || facts.Contents == "nonsense"
            || !facts.Has("Approved") || facts.Has("Denied") || facts.Has("Failed") ? SigningStep.None
            : IsRight(facts) ? SigningStep.Sign
            : SigningStep.Fail;
        Assert.Equal(expected, step);
        Assert.Equal(expected == SigningStep.Fail, complaint.Length > 0);
    }, cases: 2000);

    /// <summary>Looked at hour by hour.</summary>
    [Fact]
    public void What_nobody_needs_goes_at_its_hour() => All.Check(facts =>
    {
        var request = Make(facts);
        for (var hour = 0; hour < 100; hour++)
        {
            bool Past(string type) => facts.Conditions.Any(c => c.Type == type && hour >= c.Hour + 1);
            var isOver = facts.Conditions.Length == 0 ? hour >= 24
                : Past("Denied") || Past("Failed")
                    || (facts.IsIssued && (Past("Approved") || (facts.Has("Approved") && hour >= facts.Certificate)));
            Assert.Equal(isOver, SigningRequestPlanner.End(request) <= Made.AddHours(hour));
        }
    }, cases: 500);

    /// <summary>Whatever lifetime is asked for, ten minutes to a year are given.</summary>
    [Fact]
    public void A_lifetime_has_bounds() => Gen.Int[0, int.MaxValue].Check(seconds =>
    {
        var request = new V1CertificateSigningRequest
        {
            Spec = new V1CertificateSigningRequestSpec { ExpirationSeconds = seconds },
        };
        Assert.Equal(Math.Clamp(seconds, 600, 365 * 24 * 3600), SigningRequestPlanner.Validity(request).TotalSeconds);
    });

    private static bool IsRight(Facts facts) => facts.Signer switch
    {
        KubernetesSigners.KubeletClient =>
            facts is { Contents: "node", Usages: "client" or "client of RSA" },
        KubernetesSigners.KubeletServing => facts is { Contents: "node with a name", Usages: "server" },
        _ => facts.Usages is "client" or "client of RSA",
    };

    private static V1CertificateSigningRequest Make(Facts facts) => new()
    {
        Metadata = new V1ObjectMeta { Name = "r", CreationTimestamp = Made.UtcDateTime },
        Spec = new V1CertificateSigningRequestSpec
        {
            SignerName = facts.Signer, Request = Contents[facts.Contents], Usages = Usages[facts.Usages],
            Username = facts.Sender,
        },
        Status = new V1CertificateSigningRequestStatus
        {
            Conditions =
            [
                .. facts.Conditions.Select(c => new V1CertificateSigningRequestCondition
                {
                    Type = c.Type, Status = "True", LastUpdateTime = Made.AddHours(c.Hour).UtcDateTime,
                }),
            ],
            Certificate = Certificates.GetValueOrDefault(facts.Certificate),
        },
    };

    private static byte[] Request(string subject, string? dnsName = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        if (dnsName is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(dnsName);
            request.CertificateExtensions.Add(names.Build());
        }

        return Encoding.ASCII.GetBytes(request.CreateSigningRequestPem());
    }

    private static byte[] Certificate(int hours)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest($"CN={Node}", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(Made, Made.AddHours(hours));
        return Encoding.ASCII.GetBytes(certificate.ExportCertificatePem());
    }

    /// <summary>What is known of a request; conditions with the hour of each, the hours its certificate has.</summary>
    private sealed record Facts(
        string Signer, string Contents, string Usages, string Sender, (string Type, int Hour)[] Conditions,
        int Certificate)
    {
        public bool IsIssued => Certificate > 0;

        public bool Has(string type) => Conditions.Any(c => c.Type == type);
    }
}
