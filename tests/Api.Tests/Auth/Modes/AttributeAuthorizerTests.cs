using OrleansOrchestrator.Api.Auth.Modes;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Auth.Modes;

/// <summary>Files of policies allow what they allow in upstream's mode ABAC (its own examples).</summary>
public sealed class AttributeAuthorizerTests
{
    private const string Unversioned = """
        {                    "readonly": true, "resource": "events"   }
        {"user":"scheduler", "readonly": true, "resource": "pods"     }
        {"user":"scheduler",                   "resource": "bindings" }
        {"user":"alice",                                              "namespace": "caribou"}
        {"group":"b",        "readonly": true}
        """;

    private static readonly string Versioned = string.Join('\n', [
        "", "  # a comment",
        Line("""{"user":"*","readonly":true,"nonResourcePath":"/api"}"""),
        Line("""{"user":"*","nonResourcePath":"/custom"}"""),
        Line("""{"user":"*","nonResourcePath":"/tree/*"}"""),
        Line("""{"user":"noresource","nonResourcePath":"*"}"""),
        Line("""{"group":"*","readonly":true,"resource":"events","namespace":"*"}"""),
        Line("""{"user":"alice","resource":"*","namespace":"caribou"}"""),
        Line("""{"user":"eve","group":"b","resource":"pods","namespace":"caribou"}"""),
        Line("""{"user":"grouped","resource":"*","namespace":"any","apiGroup":"*"}"""),
        Line("""{"user":"grouped","resource":"*","namespace":"none","apiGroup":""}"""),
        Line("""{"namespace":"caribou","resource":"secrets","unknown":true}""")]);

    [Theory]
    [InlineData("scheduler", "list", "", "ns1", "pods", true)]
    [InlineData("scheduler", "create", "", "ns1", "pods", false)]
    [InlineData("scheduler", "create", "", "", "bindings", true)]
    [InlineData("alice", "update", "bar", "caribou", "foo", true)]
    [InlineData("alice", "get", "", "ns1", "pods", false)]
    [InlineData("chuck", "watch", "", "", "events", true)]
    [InlineData("chuck", "update", "", "ns1", "events", false)]
    [InlineData("system:anonymous", "get", "", "ns1", "events", false)]
    public async Task WithoutVersionWhatIsNotSaidIsAll(
        string user, string verb, string group, string space, string resource, bool isAllowed) =>
        Assert.Equal(isAllowed, await AllowsAsync(Unversioned, user, verb, group, space, resource));

    [Theory]
    [InlineData("alice", "update", "", "caribou", "pods", true)]
    [InlineData("alice", "update", "bar", "caribou", "foo", false)]
    [InlineData("alice", "get", "", "ns1", "pods", false)]
    [InlineData("chuck", "get", "", "ns1", "events", true)]
    [InlineData("chuck", "update", "", "ns1", "events", false)]
    [InlineData("chuck", "get", "", "caribou", "secrets", false)]
    [InlineData("eve", "get", "", "caribou", "pods", false)]
    [InlineData("noresource", "get", "", "bar", "foo", false)]
    [InlineData("grouped", "get", "x", "any", "foo", true)]
    [InlineData("grouped", "get", "x", "none", "foo", false)]
    [InlineData("system:anonymous", "get", "", "ns1", "events", false)]
    public async Task WithVersionAllIsSaid(
        string user, string verb, string group, string space, string resource, bool isAllowed) =>
        Assert.Equal(isAllowed, await AllowsAsync(Versioned, user, verb, group, space, resource));

    [Theory]
    [InlineData("chuck", "get", "/", false)]
    [InlineData("chuck", "get", "/api", true)]
    [InlineData("chuck", "post", "/api", false)]
    [InlineData("chuck", "put", "/custom", true)]
    [InlineData("chuck", "get", "/tree", false)]
    [InlineData("chuck", "get", "/tree/", true)]
    [InlineData("chuck", "get", "/tree/test/1/2/3", true)]
    [InlineData("noresource", "get", "/foo/bar/baz", true)]
    [InlineData("system:anonymous", "get", "/api", false)]
    public async Task PathsAreMatchedByTheirBeginnings(string user, string verb, string path, bool isAllowed)
    {
        var wanted = new AuthorizationAttributes
        {
            User = UserOf(user), Verb = verb, IsResourceRequest = false, Path = path,
        };

        Assert.Equal(isAllowed, (await Authorizer(Versioned).AuthorizeAsync(wanted, default)).IsAllowed);
    }

    [Fact]
    public async Task WhatIsAllowedIsListed()
    {
        var rules = await Authorizer(Unversioned).RulesForAsync(
            new UserIdentity { Name = "kubelet", Groups = ["b", "system:authenticated"] }, "ns1", default);

        Assert.Equal(["events", "*"], rules.Resources.Select(static r => Assert.Single(r.Resources)));
        Assert.All(rules.Resources, static r => Assert.Equal(["get", "list", "watch"], r.Verbs));
        Assert.Equal("*", Assert.Single(Assert.Single(rules.Paths).NonResourceURLs));
    }

    [Theory]
    [InlineData(
        "{\"apiVersion\":\"x/v1\",\"kind\":\"Policy\"}",
        "no kind \"Policy\" is registered for version \"x/v1\"")]
    [InlineData("{\"user\":1}", "json: cannot unmarshal number into Go struct field user of type string")]
    public void ABadLineIsNamed(string line, string complaint)
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, $"# first\n{line}\n");

        var refusal = Assert.Throws<ConfigurationException>(() => AttributePolicyReader.Load(path));

        Assert.Equal($"error reading policy file {path}, line 2: {line}: {complaint}", refusal.Message);
        File.Delete(path);
    }

    private static string Line(string spec) =>
        $$"""{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{{spec}}}""";

    private static async Task<bool> AllowsAsync(
        string policies, string user, string verb, string group, string space, string resource)
    {
        var wanted = new AuthorizationAttributes
        {
            User = UserOf(user), Verb = verb, Group = group, Namespace = space, Resource = resource,
        };
        return (await Authorizer(policies).AuthorizeAsync(wanted, default)).IsAllowed;
    }

    private static UserIdentity UserOf(string name) => new()
    {
        Name = name,
        Groups = [name == "system:anonymous" ? "system:unauthenticated" : "system:authenticated"],
    };

    private static AttributeAuthorizer Authorizer(string policies)
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, policies);
        try
        {
            return new AttributeAuthorizer(AttributePolicyReader.Load(path));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
