using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>Tokens of issuers that an AuthenticationConfiguration names, against an issuer on loopback.</summary>
public sealed class JwtTests(IssuerServer server) : IClassFixture<IssuerServer>
{
    private const string Reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
    private const string Self = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

    [Theory]
    [InlineData("RS256")]
    [InlineData("PS384")]
    [InlineData("ES256")]
    public async Task ClaimsBecomeAUser(string algorithm)
    {
        var token = server.Issuer.Token(
            "plain", Claims("""{"email":"a@example.com","hd":"example.com","roles":["dev","ops"],"oid":"7"}"""),
            algorithm);

        await IsAsync(
            token,
            """{"username":"plain:a@example.com","uid":"7","groups":"""
                + """["plain:dev","plain:ops","system:authenticated"]}""");
    }

    [Fact]
    public async Task ExpressionsMakeAUser()
    {
        var token = server.Issuer.Token("cel", Claims("""{"n":3,"realm":{"roles":["dev"]},"team":["x","","y"]}"""));

        await IsAsync(
            token,
            """{"username":"cel:jane","uid":"3","groups":["cel:dev","system:authenticated"],"extra":"""
                + """{"example.com/team":["x","y"]}}""");
    }

    [Theory]
    [InlineData("plain", """{"hd":"example.com"}""", "RS256",
        "oidc: parse username claims \"email\": claim not present")]
    [InlineData("plain", """{"email":5,"hd":"example.com"}""", "RS256",
        "oidc: parse username claims \"email\": json: cannot unmarshal number into Go value of type string")]
    [InlineData("plain", """{"email":"a","email_verified":false}""", "RS256", "oidc: email not verified")]
    [InlineData("plain", """{"email":"a","oid":"1"}""", "RS256", "oidc: required claim hd not present in ID token")]
    [InlineData("plain", """{"email":"a","oid":"1","hd":"b"}""", "RS256",
        "oidc: required claim hd value does not match. Got = b, want = example.com")]
    [InlineData("plain", """{"aud":["x","y"]}""", "RS256",
        "oidc: verify token: oidc: expected audience in [\"k8s\" \"other\"] got [\"x\" \"y\"]")]
    [InlineData("cel", """{"aud":["x","y"],"exp":1000000000}""", "RS256",
        "oidc: verify token: oidc: expected audience \"k8s\" got [\"x\" \"y\"]")]
    [InlineData("plain", """{"aud":["x","y"],"exp":1000000000}""", "RS256",
        "oidc: verify token: oidc: token is expired (Token Expiry: 2001-09-09 01:46:40 +0000 UTC)")]
    [InlineData("plain", """{"exp":1000000000}""", "RS256",
        "oidc: verify token: oidc: token is expired (Token Expiry: 2001-09-09 01:46:40 +0000 UTC)")]
    [InlineData("plain", "{}", "HS256",
        "oidc: verify token: oidc: id token signed with unsupported algorithm, expected [\"ES256\" \"ES384\" \"ES512\" "
        + "\"PS256\" \"PS384\" \"PS512\" \"RS256\" \"RS384\" \"RS512\"] got \"HS256\"")]
    [InlineData("cel", """{"n":30}""", "RS256",
        "oidc: error evaluating claim validation expression: validation expression 'claims.n < 10' failed: "
        + "n is too large")]
    [InlineData("cel", """{"n":3,"realm":{"roles":["admins"]}}""", "RS256",
        "oidc: error evaluating user info validation rule: validation expression "
        + "'!user.groups.exists(g, g == \"cel:admins\")' failed: no admins")]
    [InlineData("cel", "{}", "RS256",
        "oidc: error evaluating uid claim expression: expression 'string(claims.n)' resulted in error: no such key: n")]
    public async Task ABadTokenIsRefusedAndAReviewSaysWhy(
        string issuer, string claims, string algorithm, string complaint)
    {
        var token = server.Issuer.Token(issuer, Claims(claims), algorithm);

        Assert.Equal(401, (await server.SendAsync("POST", Self, token, "{}")).Status);
        Assert.Equal($"[invalid bearer token, {complaint}]", (string?)(await ReviewAsync(token))["error"]);
    }

    [Fact]
    public async Task GroupsMayLieElsewhere()
    {
        server.Issuer.Elsewhere = header => header == "Bearer key"
            ? server.Issuer.Token("other", Claims("""{"roles":["dev"]}"""))
            : null;

        await IsAsync(
            server.Issuer.Token("plain", Distributed("key")),
            """{"username":"plain:a@example.com","uid":"7","groups":["plain:dev","system:authenticated"]}""");
    }

    [Theory]
    [InlineData(
        "missing",
        "while getting distributed claim \"roles\": error while getting distributed claim JWT: 404 Not Found")]
    [InlineData("text", "getting untrusted issuer from endpoint ENDPOINT failed for claim \"roles\": malformed token")]
    [InlineData("none", "jwt returned by distributed claim endpoint \"ENDPOINT\" did not contain claim: roles")]
    [InlineData(
        "aud",
        "verify distributed claim token: oidc: expected audience in [\"k8s\" \"other\"] got [\"stranger\"]")]
    [InlineData(
        "iss",
        "verifying untrusted issuer https://localhost:1 failed: verifier not initialized for issuer: "
            + "\"https://localhost:1\"")]
    [InlineData("sources", "oidc: no claim sources")]
    [InlineData("source", "id token _claim_names contained a source there missing in _claims_sources")]
    [InlineData(
        "names",
        "oidc: error parsing distributed claim names: json: cannot unmarshal number into Go value of type string")]
    public async Task GroupsThatCannotBeFetchedAreAComplaint(string what, string complaint)
    {
        server.Issuer.Elsewhere = header => header switch
        {
            "Bearer text" => "no token",
            "Bearer none" => server.Issuer.Token("other", new JsonObject()),
            "Bearer aud" => server.Issuer.Token("other", Claims("""{"aud":"stranger","roles":[]}""")),
            "Bearer iss" => server.Issuer.Token("other", Claims("""{"iss":"https://localhost:1","roles":[]}""")),
            _ => null,
        };
        var claims = Distributed(what);
        if (what == "sources")
        {
            claims.Remove("_claim_sources");
        }
        else if (what == "source")
        {
            claims["_claim_sources"] = new JsonObject();
        }
        else if (what == "names")
        {
            claims["_claim_names"] = new JsonObject { ["roles"] = 1 };
        }

        var error = (string?)(await ReviewAsync(server.Issuer.Token("plain", claims)))["error"];

        Assert.Equal(
            "[invalid bearer token, oidc: could not expand distributed claims: "
                + $"{complaint.Replace("ENDPOINT", Endpoint, StringComparison.Ordinal)}]",
            error);
    }

    [Theory]
    [InlineData("a.b")]
    [InlineData("a.b.c")]
    [InlineData("e30.e30.e30")]
    [InlineData("e30=.e30=.")]
    [InlineData("..")]
    public async Task WhatIsNoTokenIsRefused(string token) =>
        Assert.Equal(401, (await server.SendAsync("POST", Self, token, "{}")).Status);

    /// <summary>A token that an attacker has changed, or signed with a key of their own.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ASignatureThatDoesNotFitIsRefused(bool isChanged)
    {
        var good = server.Issuer.Token("cel", Claims("""{"n":3}"""));
        await using var stranger = await TestIssuer.StartAsync();
        var foreign = stranger.Token("cel", new JsonObject { ["n"] = 3, ["iss"] = server.Issuer.Url("cel") });
        var parts = good.Split('.');
        var claims = $$"""{"iss":"{{server.Issuer.Url("cel")}}","aud":"k8s","sub":"root","n":1,"exp":9999999999}""";
        var payload = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims));
        var token = isChanged ? $"{parts[0]}.{payload}.{parts[2]}" : foreign;

        Assert.Equal(401, (await server.SendAsync("POST", Self, token, "{}")).Status);
        Assert.Equal(
            "[invalid bearer token, oidc: verify token: failed to verify signature: failed to verify id token "
                + "signature]",
            (string?)(await ReviewAsync(token))["error"]);
    }

    /// <summary>A review for other audiences gets nothing of a token that is for this server.</summary>
    [Theory]
    [InlineData("https://kubernetes.default.svc.cluster.local", true)]
    [InlineData("vault", false)]
    public async Task ReviewsKeepToTheirAudiences(string audience, bool isGood)
    {
        var token = server.Issuer.Token("cel", Claims("""{"n":3}"""));
        var status = await ReviewAsync(token, audience);

        Assert.Equal(isGood, (bool?)status["authenticated"] ?? false);
    }

    private string Endpoint => server.Issuer.Url("there/claims");

    private JsonObject Distributed(string key) => new()
    {
        ["email"] = "a@example.com", ["hd"] = "example.com", ["oid"] = "7",
        ["_claim_names"] = new JsonObject { ["roles"] = "there" },
        ["_claim_sources"] = new JsonObject
        {
            ["there"] = new JsonObject { ["endpoint"] = Endpoint, ["access_token"] = key },
        },
    };

    private async Task IsAsync(string token, string user)
    {
        var answer = await server.SendAsync("POST", Self, token, "{}");
        Assert.True(answer.Status == 201, Encoding.UTF8.GetString(answer.Body));
        var found = JsonNode.Parse(answer.Body)!["status"]!["userInfo"]!;
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(user), found), found.ToJsonString());
    }

    private async Task<JsonNode> ReviewAsync(string token, string? audience = null)
    {
        var spec = new JsonObject { ["token"] = token };
        if (audience is not null)
        {
            spec["audiences"] = new JsonArray(audience);
        }

        var answer = await server.SendAsync(
            "POST", Reviews, GoldenHost.Token, new JsonObject { ["spec"] = spec }.ToJsonString());
        Assert.Equal(201, answer.Status);
        return JsonNode.Parse(answer.Body)!["status"]!;
    }

    private static JsonObject Claims(string json) => (JsonObject)JsonNode.Parse(json)!;
}
