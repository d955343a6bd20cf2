using OrleansOrchestrator.Api.Configuration;

namespace OrleansOrchestrator.Api.Auth.Jwt;

/// <summary>Reads upstream's AuthenticationConfiguration.</summary>
public static class AuthenticationConfigurationReader
{
    private static readonly string[] Versions =
        [$"{ConfigurationFile.Group}/v1", $"{ConfigurationFile.Group}/v1beta1"];

    /// <summary>What a file says, as it stands: <see cref="JwtRules"/> says what is wrong with it.</summary>
    /// <exception cref="ConfigurationException">It is no such file.</exception>
    public static AuthenticationConfiguration Read(ReadOnlySpan<byte> content) => ConfigurationFile.Read(
        content, "AuthenticationConfiguration", Versions, static root => new AuthenticationConfiguration
        {
            Jwt = [.. root.Children("jwt").Select(Jwt)],
            Anonymous = root.Has("anonymous") ? Anonymous(root.Child("anonymous")) : null,
        });

    /// <summary>Says all that is wrong with a configuration, before there is a host to use it.</summary>
    /// <param name="configuration">What a file says.</param>
    /// <param name="ownIssuers">Those of service-account tokens, which no other may be.</param>
    /// <exception cref="ConfigurationException">Something is.</exception>
    public static void Check(AuthenticationConfiguration configuration, IReadOnlyList<string> ownIssuers) =>
        JwtRules.Compile(configuration, ownIssuers);

    private static AnonymousSettings Anonymous(ConfigurationNode node) => new(
        node.Flag("enabled") ?? false, [.. node.Children("conditions").Select(static c => c.Text("path"))]);

    private static JwtSettings Jwt(ConfigurationNode node)
    {
        var mappings = node.Child("claimMappings");
        return new JwtSettings
        {
            Issuer = Issuer(node.Child("issuer")),
            ClaimValidationRules = [.. node.Children("claimValidationRules").Select(static r => new ClaimRule(
                r.Text("claim"), r.Text("requiredValue"), r.Text("expression"), r.Text("message")))],
            Username = Mapping(mappings.Child("username")),
            Groups = Mapping(mappings.Child("groups")),
            Uid = mappings.Child("uid") is var uid
                ? new PrefixedClaim(uid.Text("claim"), null, uid.Text("expression"))
                : new(),
            Extra = [.. mappings.Children("extra").Select(static e => new ExtraMapping(
                e.Text("key"), e.Text("valueExpression")))],
            UserValidationRules = [.. node.Children("userValidationRules").Select(static r => new UserRule(
                r.Text("expression"), r.Text("message")))],
        };
    }

    private static IssuerSettings Issuer(ConfigurationNode node) => new()
    {
        Url = node.Text("url"),
        DiscoveryUrl = node.Text("discoveryURL"),
        CertificateAuthority = node.Text("certificateAuthority"),
        Audiences = node.Texts("audiences"),
        AudienceMatchPolicy = node.Text("audienceMatchPolicy"),
        EgressSelectorType = node.Text("egressSelectorType"),
    };

    private static PrefixedClaim Mapping(ConfigurationNode node) =>
        new(node.Text("claim"), node.MaybeText("prefix"), node.Text("expression"));
}
