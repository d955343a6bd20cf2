using OrleansOrchestrator.Api.Auth.Jwt;
using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>What flags say of signing in and of authorization, and which of them exclude each other.</summary>
public sealed class SignInSettingsTests
{
    private static readonly OidcSettings Least = new() { IssuerUrl = "https://a.example", ClientId = "k8s" };

    [Fact]
    public void OidcFlagsAreOneIssuer()
    {
        var settings = new SignInSettings
        {
            Oidc = Least with
            {
                UsernameClaim = "email", GroupsClaim = "roles", GroupsPrefix = "oidc:", Algorithms = "RS256,ES256",
                RequiredClaims = ["hd=example.com", "a=b=c"],
            },
        };

        var (configuration, file) = settings.Read();

        Assert.Null(file);
        var jwt = Assert.Single(configuration.Jwt);
        Assert.Equal("https://a.example", jwt.Issuer.Url);
        Assert.Equal(["k8s"], jwt.Issuer.Audiences);
        Assert.Equal(new PrefixedClaim("email", ""), jwt.Username);
        Assert.Equal(new PrefixedClaim("roles", "oidc:"), jwt.Groups);
        Assert.Equal(["RS256", "ES256"], jwt.Algorithms);
        Assert.Equal(
            [new ClaimRule("hd", "example.com", "", ""), new ClaimRule("a", "b=c", "", "")], jwt.ClaimValidationRules);
    }

    [Theory]
    [InlineData(null, null, "https://a.example#")]
    [InlineData("email", null, "")]
    [InlineData("name", "-", "")]
    [InlineData("email", "x:", "x:")]
    public void NamesAreToldApartByTheirIssuer(string? claim, string? prefix, string expected)
    {
        var (configuration, _) = new SignInSettings
        {
            Oidc = Least with { UsernameClaim = claim, UsernamePrefix = prefix },
        }.Read();

        Assert.Equal(new PrefixedClaim(claim ?? "sub", expected), configuration.Jwt[0].Username);
        Assert.Equal(["RS256"], configuration.Jwt[0].Algorithms);
    }

    [Fact]
    public void WhatExcludesEachOtherIsRefused()
    {
        Assert.Equal(
            "oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set",
            Refusal(new SignInSettings { Oidc = new OidcSettings { GroupsClaim = "g" } }));
        Assert.Equal(
            "oidc: unsupported signing alg: \"HS256\"",
            Refusal(new SignInSettings { Oidc = Least with { Algorithms = "HS256" } }));
        Assert.Equal(
            "authentication-config file and oidc-* flags are mutually exclusive",
            Refusal(new SignInSettings { ConfigurationFile = "f", Oidc = Least }));
        Assert.Equal(
            "--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags "
                + "are defined",
            Refusal(new AccessSettings { ConfigurationFile = "f", Modes = "RBAC" }));
        Assert.Equal(
            "authorization-mode \"XBAC\" is not a valid mode", Refusal(new AccessSettings { Modes = "Node,XBAC" }));
        Assert.Equal(
            "cannot specify --authorization-policy-file without mode ABAC",
            Refusal(new AccessSettings { PolicyFile = "f" }));
        Assert.Equal(
            "authorization-mode [\"RBAC\" \"RBAC\"] has mode specified more than once",
            Refusal(new AccessSettings { Modes = "RBAC,RBAC" }));
        Assert.Equal(
            "authorization-mode Webhook's authorization config file not passed",
            Refusal(new AccessSettings { Modes = "Webhook" }));
        Assert.Equal(
            "cannot specify --authorization-webhook-config-file without mode Webhook",
            Refusal(new AccessSettings { WebhookFile = "f" }));
    }

    [Fact]
    public void ModesAreAuthorizersInTheirOrder()
    {
        var (usual, _) = new AccessSettings().Read();
        var (other, _) = new AccessSettings
        {
            Modes = "Webhook,RBAC", WebhookFile = "/f", UnauthorizedTtl = TimeSpan.Zero,
        }.Read();

        Assert.Equal(["node", "rbac"], usual.Authorizers.Select(static a => a.Name));
        Assert.Equal(["default", "rbac"], other.Authorizers.Select(static a => a.Name));
        var webhook = other.Authorizers[0].Webhook!;
        Assert.Equal("v1beta1", webhook.ReviewVersion);
        Assert.Equal(TimeSpan.FromMinutes(5), webhook.AuthorizedTtl);
        Assert.False(webhook.CachesUnauthorized);
    }

    private static string Refusal(SignInSettings settings) =>
        Assert.Throws<UserErrorException>(() => settings.Read()).Message;

    private static string Refusal(AccessSettings settings) =>
        Assert.Throws<UserErrorException>(() => settings.Read()).Message;
}
