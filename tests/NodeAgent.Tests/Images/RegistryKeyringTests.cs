using CsCheck;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Images;

public sealed class RegistryKeyringTests
{
    [Theory]
    [InlineData("r.io", "r.io/a/b", true)]
    [InlineData("https://r.io", "r.io/a/b", true)]
    [InlineData("https://r.io/v2/", "r.io/a/b", true)]
    [InlineData("http://r.io/v1/", "r.io/a/b", true)]
    [InlineData("r.io/a", "r.io/a/b", true)]
    [InlineData("r.io/a", "r.io/ab", true)]
    [InlineData("r.io/b", "r.io/a/b", false)]
    [InlineData("r.io:5000", "r.io:5000/a", true)]
    [InlineData("r.io:5000", "r.io/a", false)]
    [InlineData("r.io", "r.io:5000/a", false)]
    [InlineData("127.0.0.1:5000", "127.0.0.1:5000/a", true)]
    [InlineData("*.r.io", "x.r.io/a", true)]
    [InlineData("*.r.io", "x.y.r.io/a", false)]
    [InlineData("*.*.r.io", "x.y.r.io/a", true)]
    [InlineData("*.r.io", "r.io/a", false)]
    [InlineData("p*x.r.io:5000/a", "prefix.r.io:5000/a/b", true)]
    [InlineData("p*y.r.io", "prefix.r.io/a", false)]
    [InlineData("reg?.io", "reg1.io/a", true)]
    [InlineData("docker.io", "docker.io/library/busybox", true)]
    [InlineData("https://index.docker.io/v1/", "docker.io/library/busybox", true)]
    [InlineData("https://index.docker.io/v1/", "r.io/a", false)]
    public void Registries_match_as_upstream_has_it(string registry, string repository, bool expected)
    {
        var keyring = new RegistryKeyring();
        keyring.Add(registry, Credential("u"));
        Assert.Equal(expected, keyring.Lookup(repository).Count == 1);
    }

    [Fact]
    public void The_most_specific_credentials_come_first_and_all_that_fit_are_tried()
    {
        var keyring = new RegistryKeyring();
        keyring.Add("r.io", Credential("host"));
        keyring.Add("r.io/team/app", Credential("path"));
        keyring.Add("https://r.io", Credential("host again"));
        Assert.Equal(["path", "host", "host again"], keyring.Lookup("r.io/team/app").Select(c => c.Auth.Username));
        Assert.Equal(["host", "host again"], keyring.Lookup("r.io/other").Select(c => c.Auth.Username));
    }

    [Fact]
    public void Noise_neither_matches_by_accident_nor_takes_for_ever()
    {
        var keyring = new RegistryKeyring();
        keyring.Add(string.Concat(Enumerable.Repeat("*a", 2000)) + "b", Credential("hostile"));
        Assert.Empty(keyring.Lookup(new string('a', 10_000) + "/x"));

        Gen.Select(Gen.String, Gen.String).Check((registry, repository) =>
        {
            var noise = new RegistryKeyring();
            noise.Add(registry, Credential("u"));
            Assert.InRange(noise.Lookup(repository).Count, 0, 1);
        });
    }

    [Fact]
    public void Secrets_are_read_in_both_forms_and_noise_is_none()
    {
        var modern = Secret(
            "kubernetes.io/dockerconfigjson", ".dockerconfigjson",
            """{"auths":{"r.io":{"username":"x","password":"y","auth":"dTpw"}}}""");
        var unpadded = Secret(
            "kubernetes.io/dockerconfigjson", ".dockerconfigjson", """{"auths":{"r.io":{"auth":"dTpwcA"}}}""");
        var old = Secret("kubernetes.io/dockercfg", ".dockercfg", """{"r.io":{"username":"u","password":"p"}}""");
        Assert.Equal(
            ("u", "p"), (PullSecrets.Parse(modern)["r.io"].Username, PullSecrets.Parse(modern)["r.io"].Password));
        Assert.Equal(
            ("u", "pp"), (PullSecrets.Parse(unpadded)["r.io"].Username, PullSecrets.Parse(unpadded)["r.io"].Password));
        Assert.Equal(("u", "p"), (PullSecrets.Parse(old)["r.io"].Username, PullSecrets.Parse(old)["r.io"].Password));
        Assert.Empty(PullSecrets.Parse(null));
        Assert.Empty(
            PullSecrets.Parse(Secret("Opaque", ".dockerconfigjson", """{"auths":{"r.io":{"auth":"dTpw"}}}""")));
        foreach (var broken in (string[])["""{"auths":[1]}""", "{}", "", "[]", """{"auths":{"r.io":3}}""",
                """{"auths":{"r.io":{"auth":"%"}}}""", """{"auths":{"r.io":{"auth":"dQ=="}}}"""])
        {
            Assert.Empty(PullSecrets.Parse(Secret("kubernetes.io/dockerconfigjson", ".dockerconfigjson", broken)));
        }

        Gen.String.Check(text => PullSecrets.Parse(Secret("kubernetes.io/dockercfg", ".dockercfg", text)));
    }

    private static V1Secret Secret(string type, string key, string content) => new()
    {
        Type = type, Data = new Dictionary<string, byte[]> { [key] = System.Text.Encoding.UTF8.GetBytes(content) },
    };

    private static PullCredential Credential(string user) => new(new AuthConfig { Username = user }, null);
}
