using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>Who may write requests for certificates approves and signs only those of signers that are theirs.</summary>
public sealed class CertificateSignersTests
{
    private const string Requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

    [Theory]
    [InlineData("approve", "approval", "Approved")]
    [InlineData("sign", "status", "Failed")]
    public async Task WhoMayWriteRequestsNeedsTheRightForTheirSigner(string verb, string subresource, string condition)
    {
        await using var server = await Server.StartAsync();
        await GiveAsync(server, "jane", "no-signer", verb: "watch");
        await GiveAsync(server, "joe", "example.com/one", verb);
        await GiveAsync(server, "jill", "example.com/*", verb);

        Assert.Equal(
            (403, $"certificatesigningrequests.certificates.k8s.io \"a\" is forbidden: user not permitted to {verb} "
                + "requests with signerName \"example.com/one\""),
            await WriteAsync(server, "jane", "a", "example.com/one", subresource, condition));
        Assert.Equal((200, ""), await WriteAsync(server, "joe", "b", "example.com/one", subresource, condition));
        Assert.Equal(
            (403, $"certificatesigningrequests.certificates.k8s.io \"c\" is forbidden: user not permitted to {verb} "
                + "requests with signerName \"example.com/two\""),
            await WriteAsync(server, "joe", "c", "example.com/two", subresource, condition));
        Assert.Equal((200, ""), await WriteAsync(server, "jill", "d", "example.com/two", subresource, condition));
        Assert.Equal(
            403, (await WriteAsync(server, "jill", "e", "example.org/two", subresource, condition)).Status);
    }

    /// <summary>What changes neither the certificate nor a condition is no signature.</summary>
    [Fact]
    public async Task AStatusThatStaysNeedsNoRightToSign()
    {
        await using var server = await Server.StartAsync();
        await GiveAsync(server, "jane", "no-signer", verb: "watch");
        var made = await MakeAsync(server, "a", "example.com/one");

        var answer = await server.SendAsync(
            "PUT", $"{Requests}/a/status", made.ToJsonString(), impersonate: "jane");

        Assert.True(answer.Status == 200, answer.Body.ToJsonString());
    }

    [Theory]
    [InlineData("system:masters", true, 403)]
    [InlineData("system:masters", false, 403)]
    [InlineData("orc:kubelet-clients", true, 403)]
    [InlineData("devs", true, 201)]
    public async Task NobodyBecomesAMasterHoweverItIsWritten(string group, bool together, int status)
    {
        await using var server = await Server.StartAsync();

        var answer = await AskAsync(server, "a", "kubernetes.io/kube-apiserver-client", Subject(group, together));

        Assert.Equal(status, answer.Status);
        Assert.Equal(
            status == 201 ? null : "certificatesigningrequests.certificates.k8s.io \"a\" is forbidden: use of "
                + $"kubernetes.io/kube-apiserver-client signer with {group} group is not allowed",
            (string?)answer.Body["message"]);
    }

    private static async Task<(int Status, string Message)> WriteAsync(
        Server server, string user, string name, string signer, string subresource, string condition)
    {
        var item = await MakeAsync(server, name, signer);
        item["status"] = new JsonObject
        {
            ["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = condition, ["status"] = "True", ["reason"] = "Test", ["message"] = "by a test",
            }),
        };
        var answer = await server.SendAsync(
            "PUT", $"{Requests}/{name}/{subresource}", item.ToJsonString(), impersonate: user);
        return (answer.Status, answer.Status == 200 ? "" : (string)answer.Body["message"]!);
    }

    private static async Task<JsonNode> MakeAsync(Server server, string name, string signer)
    {
        var made = await AskAsync(server, name, signer, new X500DistinguishedName("CN=somebody"));
        Assert.True(made.Status == 201, made.Body.ToJsonString());
        return made.Body;
    }

    /// <summary>A name and a group, in one relative distinguished name or in two.</summary>
    private static X500DistinguishedName Subject(string group, bool together)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            (string, string)[] attributes = [("2.5.4.3", "somebody"), ("2.5.4.10", group)];
            foreach (var part in attributes.Chunk(together ? attributes.Length : 1))
            {
                using var set = writer.PushSetOf();
                foreach (var (oid, text) in part)
                {
                    using var attribute = writer.PushSequence();
                    writer.WriteObjectIdentifier(oid);
                    writer.WriteCharacterString(UniversalTagNumber.UTF8String, text);
                }
            }
        }

        return new X500DistinguishedName(writer.Encode());
    }

    private static Task<Answer> AskAsync(Server server, string name, string signer, X500DistinguishedName subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = new CertificateRequest(subject, key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
        return server.SendAsync("POST", Requests, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject
            {
                ["request"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(pem)),
                ["signerName"] = signer,
                ["usages"] = new JsonArray("client auth"),
            },
        }.ToJsonString());
    }

    /// <summary>Lets a user write requests, and something with a signer.</summary>
    private static Task GiveAsync(Server server, string user, string signer, string verb)
    {
        JsonObject[] rules =
        [
            Rule("certificatesigningrequests", null, "get"),
            Rule("certificatesigningrequests/status", null, "update"),
            Rule("certificatesigningrequests/approval", null, "update"),
            Rule("signers", signer, verb),
        ];
        return server.GiveAsync(user, rules.Select(static r => r.ToJsonString()), $"{Requests}/none", status: 404);
    }

    private static JsonObject Rule(string resource, string? name, string verb) => new()
    {
        ["apiGroups"] = new JsonArray("certificates.k8s.io"),
        ["resources"] = new JsonArray(resource),
        ["resourceNames"] = name is null ? null : new JsonArray(name),
        ["verbs"] = new JsonArray(verb),
    };
}
