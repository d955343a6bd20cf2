using System.Text;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.Secrets;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.Secrets;

public sealed class BootstrapTokenTests
{
    private const string Kubeconfig = "apiVersion: v1\nkind: Config\n";

    [Fact]
    public void A_signature_is_the_one_that_upstream_gives() => Assert.Equal(
        "eyJhbGciOiJIUzI1NiIsImtpZCI6ImdvbGQwMSJ9..pgOsG8TK3NYimIUTTsYEAAViWJdjaxd2a7mOx_SB5qw",
        BootstrapToken.Read(Secret())!.Sign(Kubeconfig));

    [Theory]
    [InlineData("token-id", "gold02")]
    [InlineData("token-id", "")]
    [InlineData("token-secret", "")]
    public void A_secret_that_contradicts_itself_holds_no_token(string key, string value) =>
        Assert.Null(BootstrapToken.Read(Secret((key, value))));

    [Fact]
    public void Only_secrets_of_its_type_name_and_namespace_hold_a_token()
    {
        Action<V1Secret>[] changes =
        [
            s => s.Type = "Opaque", s => s.Metadata.Name = "gold01", s => s.Metadata.NamespaceProperty = "default",
            s => s.Data = null,
        ];
        Assert.All(changes, change =>
        {
            var secret = Secret();
            change(secret);
            Assert.Null(BootstrapToken.Read(secret));
        });
    }

    [Theory]
    [InlineData("", "system:bootstrappers")]
    [InlineData("system:bootstrappers:b,system:bootstrappers:a",
        "system:bootstrappers|system:bootstrappers:a|system:bootstrappers:b")]
    [InlineData("system:masters", null)]
    [InlineData("system:bootstrappers:", null)]
    [InlineData("system:bootstrappers:a,", null)]
    [InlineData("system:bootstrappers:a\nsystem:masters", null)]
    public void Groups_are_those_of_bootstrappers_and_no_others(string extra, string? groups)
    {
        var token = BootstrapToken.Read(Secret(("auth-extra-groups", extra)))!;
        Assert.Equal(groups, token.Groups is null ? null : string.Join('|', token.Groups));
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z")]
    [InlineData("2001-01-01T02:00:00+02:00", "2001-01-01T00:00:00Z")]
    [InlineData("2001-01-01T00:00:00", "0001-01-01T00:00:00Z")]
    [InlineData("tomorrow", "0001-01-01T00:00:00Z")]
    public void An_end_that_cannot_be_read_is_long_past(string expiration, string? end)
    {
        var expected = end is null ? (DateTimeOffset?)null : DateTimeOffset.Parse(end, null);
        Assert.Equal(expected, BootstrapToken.Read(Secret(("expiration", expiration)))!.Expires);
    }

    [Theory]
    [InlineData("gold01.0123456789abcdef", true)]
    [InlineData("gold01.0123456789abcdef\n", false)]
    [InlineData("Gold01.0123456789abcdef", false)]
    [InlineData("gold01.0123456789abcde", false)]
    [InlineData("gold0.10123456789abcdef", false)]
    public void What_is_sent_has_a_form(string token, bool isOne) =>
        Assert.Equal(isOne ? ("gold01", "0123456789abcdef") : null, BootstrapToken.Split(token));

    internal static V1Secret Secret(params (string Key, string Value)[] changes)
    {
        var data = new Dictionary<string, string>
        {
            ["token-id"] = "gold01", ["token-secret"] = "0123456789abcdef", ["usage-bootstrap-signing"] = "true",
            ["usage-bootstrap-authentication"] = "true",
        };
        foreach (var (key, value) in changes)
        {
            data[key] = value;
        }

        return new V1Secret
        {
            Metadata = new V1ObjectMeta { Name = "bootstrap-token-gold01", NamespaceProperty = "kube-system" },
            Type = BootstrapToken.SecretType,
            Data = data.ToDictionary(d => d.Key, d => Encoding.UTF8.GetBytes(d.Value)),
        };
    }
}
