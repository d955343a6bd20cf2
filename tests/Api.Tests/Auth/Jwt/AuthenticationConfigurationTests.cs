using System.Text;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Auth.Jwt;
using OrleansOrchestrator.Api.Configuration;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Auth.Jwt;

/// <summary>What is wrong with an AuthenticationConfiguration is told in upstream's words, all of it at once.</summary>
public sealed class AuthenticationConfigurationTests
{
    private const string Issuer = "issuer: {url: 'https://a.example', audiences: [k]}";
    private const string Name = "claimMappings: {username: {claim: sub, prefix: ''}}";

    [Theory]
    [InlineData("apiserver.config.k8s.io/v1")]
    [InlineData("apiserver.config.k8s.io/v1beta1")]
    public void BothVersionsAreRead(string version)
    {
        var read = AuthenticationConfigurationReader.Read(Encoding.UTF8.GetBytes($$"""
            apiVersion: {{version}}
            kind: AuthenticationConfiguration
            anonymous: {enabled: true, conditions: [{path: /livez}]}
            jwt:
            - issuer:
                url: https://a.example
                discoveryURL: https://b.example/d
                audiences: [k, l]
                audienceMatchPolicy: MatchAny
              claimValidationRules:
              - {claim: hd, requiredValue: x}
              - {expression: 'claims.a == "b"', message: nope}
              claimMappings:
                username: {expression: 'claims.sub + "!"'}
                groups: {claim: roles, prefix: 'r:'}
                uid: {claim: oid}
                extra: [{key: a.example/b, valueExpression: claims.c}]
              userValidationRules: [{expression: '!user.username.startsWith("system:")', message: reserved}]
            """));

        AuthenticationConfigurationReader.Check(read, new AuthOptions().Issuers);
        var jwt = Assert.Single(read.Jwt);
        Assert.Equal(["/livez"], read.Anonymous!.Paths);
        Assert.Equal("https://b.example/d", jwt.Issuer.DiscoveryUrl);
        Assert.Equal(["k", "l"], jwt.Issuer.Audiences);
        Assert.Equal(new PrefixedClaim("roles", "r:"), jwt.Groups);
        Assert.Equal([new ClaimRule("hd", "x", "", ""), new ClaimRule("", "", "claims.a == \"b\"", "nope")],
            jwt.ClaimValidationRules);
        Assert.Equal([new ExtraMapping("a.example/b", "claims.c")], jwt.Extra);
    }

    [Theory]
    [InlineData("", "empty config data")]
    [InlineData("apiVersion: v1\nkind: Pod", "no kind \"Pod\" is registered for version \"v1\"; known is "
        + "AuthenticationConfiguration of apiserver.config.k8s.io/v1, apiserver.config.k8s.io/v1beta1")]
    [InlineData(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt: [{issuer: {uri: x}}]\nfoo: 1",
        "strict decoding error: unknown field \"foo\", unknown field \"jwt[0].issuer.uri\"")]
    [InlineData("apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt: [{issuer: {url: 1}}]",
        "json: cannot unmarshal number into Go struct field jwt[0].issuer.url of type string")]
    public void WhatIsNoConfigurationIsRefused(string text, string complaint)
    {
        var refusal = Assert.Throws<ConfigurationException>(
            () => AuthenticationConfigurationReader.Read(Encoding.UTF8.GetBytes(text)));

        Assert.Equal(complaint, refusal.Message);
    }

    [Theory]
    [InlineData("{}", "[jwt[0].issuer.url: Required value, "
        + "jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required, "
        + "jwt[0].claimMappings.username: Required value: claim or expression is required]")]
    [InlineData("{issuer: {url: 'http://a', audiences: [k]}, " + Name + "}",
        "jwt[0].issuer.url: Invalid value: \"http://a\": URL scheme must be https")]
    [InlineData("{issuer: {url: 'https://u:p@a/?q#f', audiences: [k]}, " + Name + "}",
        "[jwt[0].issuer.url: Invalid value: \"https://u:p@a/?q#f\": URL must not contain a username or password, "
        + "jwt[0].issuer.url: Invalid value: \"https://u:p@a/?q#f\": URL must not contain a query, "
        + "jwt[0].issuer.url: Invalid value: \"https://u:p@a/?q#f\": URL must not contain a fragment]")]
    [InlineData("{issuer: {url: 'https://kubernetes.default.svc.cluster.local', audiences: [k]}, " + Name + "}",
        "jwt[0].issuer.url: Invalid value: \"https://kubernetes.default.svc.cluster.local\": URL must not overlap with "
        + "disallowed issuers: [https://kubernetes.default.svc.cluster.local]")]
    [InlineData("{issuer: {url: 'https://a', discoveryURL: 'https://a/', audiences: [k, k]}, " + Name + "}",
        "[jwt[0].issuer.discoveryURL: Invalid value: \"https://a/\": discoveryURL must be different from URL, "
        + "jwt[0].issuer.audiences[1]: Duplicate value: \"k\", "
        + "jwt[0].issuer.audienceMatchPolicy: Invalid value: \"\": audienceMatchPolicy must be MatchAny for multiple "
        + "audiences]")]
    [InlineData("{issuer: {url: 'https://a', audiences: [k], certificateAuthority: x, egressSelectorType: cluster}, "
        + Name + "}",
        "[jwt[0].issuer.certificateAuthority: Invalid value: \"<omitted>\": data does not contain any valid RSA or "
        + "ECDSA certificates, jwt[0].issuer.egressSelectorType: Invalid value: \"cluster\": egress selector is not "
        + "supported when StructuredAuthenticationConfigurationEgressSelector feature gate is disabled]")]
    [InlineData("{" + Issuer + ", claimMappings: {username: {claim: sub}, groups: {claim: g, expression: claims.g}}}",
        "[jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to "
        + "an empty string to disable prefixing, jwt[0].claimMappings.groups: Invalid value: \"\": claim and "
        + "expression can't both be set]")]
    [InlineData("{" + Issuer + ", claimMappings: {username: {expression: claims.email}}}",
        "jwt[0].claimMappings.username.expression: Invalid value: \"claims.email\": claims.email_verified must be used "
        + "in claimMappings.username.expression or claimMappings.extra[*].valueExpression or "
        + "claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression")]
    [InlineData("{" + Issuer + ", " + Name + ", claimValidationRules: [{}, {claim: a, message: m}, {claim: a}, "
        + "{expression: claims.a, requiredValue: b}]}",
        "[jwt[0].claimValidationRules[0]: Required value: claim or expression is required, "
        + "jwt[0].claimValidationRules[1].message: Invalid value: \"m\": may not be specified when claim is set, "
        + "jwt[0].claimValidationRules[2].claim: Duplicate value: \"a\", "
        + "jwt[0].claimValidationRules[3].requiredValue: Invalid value: \"b\": may not be specified when expression is "
        + "set, jwt[0].claimValidationRules[3].expression: Invalid value: \"claims.a\": must evaluate to bool]")]
    [InlineData("{" + Issuer + ", claimMappings: {username: {claim: sub, prefix: ''}, extra: [{key: x.k8s.io/A}, "
        + "{key: foo, valueExpression: claims.a}]}}",
        "[jwt[0].claimMappings.extra[0].key: Invalid value: \"x.k8s.io/A\": must be lowercase, "
        + "jwt[0].claimMappings.extra[0].key: Invalid value: \"x.k8s.io/A\": k8s.io, kubernetes.io and their "
        + "subdomains are reserved for Kubernetes use, jwt[0].claimMappings.extra[0].valueExpression: Required value, "
        + "jwt[0].claimMappings.extra[1].key: Invalid value: \"foo\": must be a domain-prefixed path (such as "
        + "\"acme.io/foo\")]")]
    [InlineData("{" + Issuer + ", " + Name + ", userValidationRules: [{}, {expression: 'user.name == \"\"'}]}",
        "[jwt[0].userValidationRules[0].expression: Required value, "
        + "jwt[0].userValidationRules[1].expression: Invalid value: \"user.name == \\\"\\\"\": compilation failed: "
        + "ERROR: <input>:1:5: undefined field 'name'\n | user.name == \"\"\n | ....^]")]
    [InlineData("{" + Issuer + ", " + Name + "}, {" + Issuer + ", " + Name + "}",
        "jwt[1].issuer.url: Duplicate value: \"https://a.example\"")]
    public void WhatIsWrongIsTold(string jwt, string complaint)
    {
        var read = AuthenticationConfigurationReader.Read(Encoding.UTF8.GetBytes(
            $"apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt: [{jwt}]"));

        var refusal = Assert.Throws<ConfigurationException>(
            () => AuthenticationConfigurationReader.Check(read, new AuthOptions().Issuers));

        Assert.Equal($"invalid authentication configuration: {complaint}", refusal.Message);
    }
}
