using System.Text;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Auth.Jwt;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>
/// A server that takes tokens of two issuers: <c>plain</c> maps claims by their names, <c>cel</c> by expressions.
/// </summary>
public sealed class IssuerServer : IAsyncLifetime
{
    private GoldenHost? _host;
    private TestIssuer? _issuer;

    public GoldenHost Host => _host ?? throw new InvalidOperationException("The server has not been started.");

    public TestIssuer Issuer => _issuer ?? throw new InvalidOperationException("The server has not been started.");

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _issuer = await TestIssuer.StartAsync();
        _host = await GoldenHost.StartAsync();
        Use();
    }

    /// <summary>Has the two issuers taken, and whatever else a configuration says.</summary>
    public void Use(string more = "") => Host.Services.GetRequiredService<JwtIssuers>().Use(
        AuthenticationConfigurationReader.Read(Encoding.UTF8.GetBytes(Text(Issuer, more))));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        if (_issuer is not null)
        {
            await _issuer.DisposeAsync();
        }
    }

    /// <summary>Sends a request with a token, or as nobody.</summary>
    public async Task<RawAnswer> SendAsync(string method, string path, string? token, string? body = null)
    {
        using var client = new RawHttpClient(Host.Address.Host, Host.Address.Port);
        List<KeyValuePair<string, string>> headers = [new("Host", "x"), new("Content-Type", "application/json")];
        if (token is not null)
        {
            headers.Add(new("Authorization", $"Bearer {token}"));
        }

        return await client.SendAsync(method, path, headers, body is null ? null : Encoding.UTF8.GetBytes(body));
    }

    /// <summary>The configuration of the two.</summary>
    public static string Text(TestIssuer issuer, string more = "")
    {
        var authority = issuer.AuthorityPem.TrimEnd().ReplaceLineEndings("\n      ");
        return $$"""
            apiVersion: apiserver.config.k8s.io/v1
            kind: AuthenticationConfiguration
            {{more}}
            jwt:
            - issuer:
                url: {{issuer.Url("plain")}}
                audiences: [k8s, other]
                audienceMatchPolicy: MatchAny
                certificateAuthority: |
                  {{authority}}
              claimMappings:
                username: {claim: email, prefix: 'plain:'}
                groups: {claim: roles, prefix: 'plain:'}
                uid: {claim: oid}
              claimValidationRules: [{claim: hd, requiredValue: example.com}]
            - issuer:
                url: {{issuer.Url("cel")}}
                discoveryURL: {{issuer.Url("cel")}}/x/.well-known/openid-configuration
                audiences: [k8s]
                certificateAuthority: |
                  {{authority}}
              claimMappings:
                username: {expression: '"cel:" + claims.sub'}
                groups: {expression: 'claims.?realm.roles.orValue([]).map(r, "cel:" + r)'}
                uid: {expression: 'string(claims.n)'}
                extra: [{key: example.com/team, valueExpression: 'claims.?team.orValue(null)'}]
              claimValidationRules: [{expression: 'claims.n < 10', message: n is too large}]
              userValidationRules:
              - {expression: '!user.groups.exists(g, g == "cel:admins")', message: no admins}
            """;
    }
}
