using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>
/// Acting as somebody else: the headers are honoured on every path, or refused; they are never ignored.
/// </summary>
public sealed class ImpersonationTests(SecurityServer server) : IClassFixture<SecurityServer>
{
    private const string Space = SecurityServer.Space;

    private static readonly UserIdentity Admin = new() { Name = "admin", Groups = ["system:masters"] };

    /// <summary>One path of each way that a request can take through the API.</summary>
    public static TheoryData<string, string, string> Paths => new()
    {
        { "GET", $"{Space}/configmaps/mine", "configmaps \"mine\" is forbidden: User \"nobody\" cannot get resource \"configmaps\" in API group \"\" in the namespace \"default\"" },
        { "GET", $"{Space}/configmaps",
            "User \"nobody\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"default\"" },
        { "GET", $"{Space}/configmaps?watch=1",
            "User \"nobody\" cannot watch resource \"configmaps\" in API group \"\" in the namespace \"default\"" },
        { "GET", "/api/v1/watch/configmaps",
            "User \"nobody\" cannot watch resource \"configmaps\" in API group \"\" at the cluster scope" },
        { "POST", $"{Space}/configmaps",
            "User \"nobody\" cannot create resource \"configmaps\" in API group \"\" in the namespace \"default\"" },
        { "PUT", $"{Space}/configmaps/mine",
            "User \"nobody\" cannot update resource \"configmaps\" in API group \"\" in the namespace \"default\"" },
        { "PATCH", $"{Space}/configmaps/mine",
            "User \"nobody\" cannot patch resource \"configmaps\" in API group \"\" in the namespace \"default\"" },
        { "DELETE", $"{Space}/configmaps/mine",
            "User \"nobody\" cannot delete resource \"configmaps\" in API group \"\" in the namespace \"default\"" },
        { "DELETE", $"{Space}/configmaps", "User \"nobody\" cannot deletecollection resource \"configmaps\" in API group \"\" in the namespace \"default\"" },
        { "GET", $"{Space}/pods/p1/log",
            "User \"nobody\" cannot get resource \"pods/log\" in API group \"\" in the namespace \"default\"" },
        { "GET", $"{Space}/pods/p1/exec?command=x",
            "User \"nobody\" cannot get resource \"pods/exec\" in API group \"\" in the namespace \"default\"" },
        { "POST", $"{Space}/pods/p1/portforward", "User \"nobody\" cannot create resource \"pods/portforward\" in API group \"\" in the namespace \"default\"" },
        { "GET", $"{Space}/services/x/proxy/",
            "User \"nobody\" cannot get resource \"services/proxy\" in API group \"\" in the namespace \"default\"" },
        { "GET", "/api/v1/nodes/n1/proxy/pods",
            "User \"nobody\" cannot get resource \"nodes/proxy\" in API group \"\" at the cluster scope" },
        { "POST", $"{Space}/pods/p1/eviction",
            "User \"nobody\" cannot create resource \"pods/eviction\" in API group \"\" in the namespace \"default\"" },
        { "POST", $"{Space}/pods/p1/binding",
            "User \"nobody\" cannot create resource \"pods/binding\" in API group \"\" in the namespace \"default\"" },
        { "POST", $"{Space}/bindings",
            "User \"nobody\" cannot create resource \"bindings\" in API group \"\" in the namespace \"default\"" },
        { "POST", $"{Space}/serviceaccounts/mine/token", "User \"nobody\" cannot create resource \"serviceaccounts/token\" in API group \"\" in the namespace \"default\"" },
        { "GET", "/apis/none.example.com/v1/foos",
            "User \"nobody\" cannot list resource \"foos\" in API group \"none.example.com\" at the cluster scope" },
        { "GET", "/metrics", "User \"nobody\" cannot get path \"/metrics\"" },
        { "GET", "/", "User \"nobody\" cannot get path \"/\"" },
    };

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task WhoActsAsNobodyMayWhatNobodyMay(string method, string path, string why)
    {
        var answer = await server.SendAsync(
            method, path, method == "GET" ? null : "{}", headers: [("Impersonate-User", "nobody")]);

        Assert.Equal(403, answer.Status);
        Assert.EndsWith(why, answer.Message, StringComparison.Ordinal);
        Assert.Equal(200, (await server.SendAsync("GET", $"{Space}/configmaps/mine")).Status);
    }

    [Theory]
    [InlineData("Impersonate-Group", "devs", """Groups:[]string{"devs"}, Extra:map[string][]string(nil)}""")]
    [InlineData("Impersonate-Uid", "u", """Groups:[]string(nil), Extra:map[string][]string(nil)}""")]
    [InlineData("Impersonate-Extra-Scopes", "a", """Extra:map[string][]string{"scopes":[]string{"a"}}}""")]
    [InlineData("impersonate-extra-acme.io%2fproject", "a", """Extra:map[string][]string{"acme.io/project":[]string{"a"}}}""")]
    [InlineData("Impersonate-Extra-100%", "a", """Extra:map[string][]string{"100%":[]string{"a"}}}""")]
    public async Task PartsOfAUserWithoutTheirNameAreABadRequest(string header, string value, string text)
    {
        var answer = await server.SendAsync("GET", "/version", headers: [(header, value)]);
        Assert.Equal(400, answer.Status);
        Assert.StartsWith("requested &user.DefaultInfo{Name:\"\", ", answer.Message, StringComparison.Ordinal);
        Assert.EndsWith($"{text} without impersonating a user name", answer.Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// Who has no right to act as others is refused, in words that tell which right was missing first.
    /// </summary>
    [Theory]
    [InlineData("alice", "impersonate-on:user-info:list")]
    [InlineData("system:anonymous", "impersonate-on:user-info:list")]
    [InlineData("system:node:x", "impersonate-on:arbitrary-node:list")]
    [InlineData("system:serviceaccount:default:other", "impersonate-on:serviceaccount:list")]
    public async Task WhoMayNotActAsOthersIsRefused(string user, string verb)
    {
        var token = await TokenAsync();
        var answer = await server.SendAsync(
            "GET", $"{Space}/configmaps", headers: [("Authorization", $"Bearer {token}"), ("Impersonate-User", user)]);

        Assert.Equal(403, answer.Status);
        Assert.Equal(
            $"configmaps is forbidden: User \"system:serviceaccount:default:mine\" cannot {verb} resource \"configmaps\" in API group \"\" " +
            "in the namespace \"default\"",
            answer.Message);
    }

    [Fact]
    public async Task NobodyActsAsAnybodyWithoutCredentials()
    {
        var answer = await server.SendAsync(
            "GET", "/api/v1/namespaces",
            headers: [("Authorization", ""), ("Impersonate-User", "admin"), ("Impersonate-Group", "system:masters")]);
        Assert.Equal(403, answer.Status);
        Assert.Contains(
            "User \"system:anonymous\" cannot impersonate-on:user-info:list", answer.Message, StringComparison.Ordinal);
    }

    /// <summary>The groups that go without saying, seen by what they may.</summary>
    [Theory]
    [InlineData("alice", null, "/apis", 200)]
    [InlineData("alice", "devs", "/apis", 200)]
    [InlineData("alice", "system:unauthenticated", "/apis", 403)]
    [InlineData("system:anonymous", null, "/apis", 403)]
    [InlineData("system:anonymous", null, "/version", 200)]
    [InlineData("root", "system:masters", "/metrics", 200)]
    [InlineData("system:serviceaccount:default:mine", null, "/openid/v1/jwks", 200)]
    [InlineData("system:serviceaccount:default:mine", "devs", "/openid/v1/jwks", 403)]
    [InlineData("system:node:n1", "system:nodes", "/api/v1/nodes/n1", 200)]
    [InlineData("system:node:n1", "devs", "/api/v1/nodes/n1", 403)]
    public async Task GroupsThatGoWithoutSayingAreThere(string user, string? group, string path, int status)
    {
        var groups = group is null ? [] : (ReadOnlySpan<(string, string)>)[("Impersonate-Group", group)];
        var answer = await server.SendAsync("GET", path, headers: [("Impersonate-User", user), .. groups]);
        Assert.Equal(status, answer.Status);
    }

    /// <summary>Every part of the wanted user needs a right of its own.</summary>
    [Theory]
    [InlineData("users", "bob", "", "", "Impersonate-User", "bob")]
    [InlineData("groups", "g2", "", "", "Impersonate-Group", "g2")]
    [InlineData("uids", "u", "authentication.k8s.io", "", "Impersonate-Uid", "u")]
    [InlineData("userextras", "b", "authentication.k8s.io", "foo", "Impersonate-Extra-Foo", "b")]
    [InlineData("serviceaccounts", "mine", "", "", "Impersonate-User", "system:serviceaccount:default:mine")]
    public async Task EveryPartNeedsItsRight(
        string resource, string name, string group, string subresource, string header, string value)
    {
        var asked = new List<AuthorizationAttributes>();
        var impersonation = By(new Recorder(asked));
        var headers = new HeaderDictionary();
        if (header != "Impersonate-User")
        {
            headers["Impersonate-User"] = "alice";
        }

        headers[header] = value;
        var outcome = await impersonation.ResolveAsync(
            headers,
            new AuthorizationAttributes { User = new() { Name = "sender" }, Verb = "list", Resource = "pods" },
            CancellationToken.None);

        Assert.Equal(403, outcome.Error?.Code);
        Assert.Empty(headers);
        Assert.Contains(asked, a => (a.Verb, a.Resource, a.Name, a.Group, a.Subresource) == ("impersonate", resource,
            name, group, subresource));
    }

    /// <summary>Narrow rights are for extra values whose keys name their domain.</summary>
    [Theory]
    [InlineData("Foo", "\"foo\": must be a domain-prefixed path (such as \"acme.io/foo\")")]
    [InlineData(
        "acme_io%2ffoo",
        "\"acme_io\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
        + "must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")]
    [InlineData(
        "acme.io%2fa%20b",
        "\"a b\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')")]
    public async Task KeysOfExtraValuesNameTheirDomain(string key, string why)
    {
        var impersonation = By(new NarrowOnly());
        var outcome = await impersonation.ResolveAsync(
            new HeaderDictionary { ["Impersonate-User"] = "alice", [$"Impersonate-Extra-{key}"] = "a" },
            new AuthorizationAttributes { User = new() { Name = "sender" }, Verb = "list", Resource = "pods" },
            CancellationToken.None);

        Assert.EndsWith(
            $": impersonating an invalid key in extra is not allowed: extra.key: Invalid value: {why}",
            outcome.Error?.Message, StringComparison.Ordinal);
    }

    /// <summary>An escape brings upper case into a header's name, which has none.</summary>
    [Fact]
    public async Task KeysOfExtraValuesAreInLowerCase()
    {
        var impersonation = By(new NarrowOnly());
        var outcome = await impersonation.ResolveAsync(
            new HeaderDictionary { ["Impersonate-User"] = "alice", ["Impersonate-Extra-acme.io%2f%41b"] = "a" },
            new AuthorizationAttributes { User = new() { Name = "sender" }, Verb = "list", Resource = "pods" },
            CancellationToken.None);

        Assert.EndsWith(
            ": impersonating a non-lowercase key in extra is not allowed: \"acme.io/Ab\"",
            outcome.Error?.Message, StringComparison.Ordinal);
    }

    /// <summary>What failed is told before what was found out.</summary>
    [Fact]
    public async Task WhyARightIsMissingIsTold()
    {
        var impersonation = By(new Failing());
        var outcome = await impersonation.ResolveAsync(
            new HeaderDictionary { ["Impersonate-User"] = "alice" },
            new AuthorizationAttributes { User = new() { Name = "sender" }, Verb = "list", Resource = "pods" },
            CancellationToken.None);

        Assert.EndsWith(": webhook is away: no role", outcome.Error?.Message, StringComparison.Ordinal);
    }

    /// <summary>Whoever has never acted as others in the old way acts as a node with the groups of one.</summary>
    [Fact]
    public async Task ANodeIsInTheGroupOfNodes()
    {
        var impersonation = By(new MastersAuthorizer());
        var acting = await impersonation.ResolveAsync(
            new HeaderDictionary { ["Impersonate-User"] = "system:node:n1" },
            new AuthorizationAttributes { User = Admin, Verb = "list", Resource = "pods" },
            CancellationToken.None);
        Assert.Equal(["system:nodes", "system:authenticated"], acting.Required.Groups);
    }

    /// <summary>What lies behind is not told who really asked: a proxy would pass it on.</summary>
    [Fact]
    public async Task HeadersEndAtTheGate()
    {
        var gate = server.Host.Services.GetRequiredService<Impersonation>();
        var headers = new HeaderDictionary
        {
            ["impersonate-user"] = "alice", ["Impersonate-Group"] = new(["a", "b"]),
            ["IMPERSONATE-EXTRA-acme.io%2Fp"] = new(["x", "y"]),
            ["Impersonate-Uid"] = "7", ["Accept"] = "application/json",
        };
        var acting = (await gate.ResolveAsync(
            headers, new AuthorizationAttributes { User = Admin, Verb = "get", IsResourceRequest = false,
                Path = "/version" }, CancellationToken.None)).Required;

        Assert.Equal("Accept", Assert.Single(headers).Key);
        Assert.Equal(("alice", "7"), (acting.Name, acting.Uid));
        Assert.Equal(["a", "b", "system:authenticated"], acting.Groups);
        Assert.Equal(["x", "y"], acting.Extra["acme.io/p"]);
    }

    private Impersonation By(IAuthorizer authorizer) => new(
        new AuthorizerChain([authorizer]), server.Host.Services.GetRequiredService<ImpersonationMetrics>(),
        TimeProvider.System, NullLogger<Impersonation>.Instance);

    private async Task<string> TokenAsync()
    {
        var answer = await server.SendAsync("POST", $"{Space}/serviceaccounts/mine/token", "{}");
        return (string)answer.Body!["status"]!["token"]!;
    }

    /// <summary>Allows everything but to act as others in the old way.</summary>
    private sealed class NarrowOnly : IAuthorizer
    {
        public ValueTask<AuthorizationDecision> AuthorizeAsync(
            AuthorizationAttributes attributes, CancellationToken cancellationToken) =>
            new(attributes.Verb == "impersonate"
                ? AuthorizationDecision.NoOpinion()
                : AuthorizationDecision.Allow);
    }

    /// <summary>Cannot tell what is allowed.</summary>
    private sealed class Failing : IAuthorizer
    {
        public ValueTask<AuthorizationDecision> AuthorizeAsync(
            AuthorizationAttributes attributes, CancellationToken cancellationToken) =>
            new(new AuthorizationDecision(AuthorizationVerdict.NoOpinion, "no role", "webhook is away"));
    }

    /// <summary>Notes what it is asked, and allows only to act as alice, in the old way.</summary>
    private sealed class Recorder(List<AuthorizationAttributes> asked) : IAuthorizer
    {
        public ValueTask<AuthorizationDecision> AuthorizeAsync(
            AuthorizationAttributes attributes, CancellationToken cancellationToken)
        {
            asked.Add(attributes);
            var isName = attributes is { Verb: "impersonate", Resource: "users", Name: "alice" };
            return new(isName ? AuthorizationDecision.Allow : AuthorizationDecision.NoOpinion());
        }
    }
}
