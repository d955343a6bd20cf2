using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.History;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.History;

/// <summary>
/// What went, and when, is told to those who may list it; the store in memory tells as PostgreSQL does.
/// </summary>
public sealed class DeletionHandlerTests
{
    private const string Root = "/apis/history.orc.dev/v1";

    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_may_list_a_kind_learns_what_of_it_went_and_when(bool isPostgres)
    {
        await using var host = await StartAsync(isPostgres);
        var before = TimeProvider.System.GetUtcNow();
        await DeleteAsync(host, "a", "one");
        await DeleteAsync(host, "a", "two");
        await DeleteAsync(host, "b", "three");
        await host.PutAsync(new ObjectKey("a", "stays"), "{}");

        Assert.Equal(["b/three", "a/two", "a/one"], Names(await ReadAsync(host, "admin", "deletions/configmaps")));
        var items = await ReadAsync(host, "jane", "namespaces/a/deletions/configmaps");
        Assert.Equal(["a/two", "a/one"], Names(items));
        var last = items[0]!;
        Assert.Equal(("uid-a-two", true), ((string?)last["uid"], RevisionOf(last) > RevisionOf(items[1]!)));
        var at = DateTimeOffset.Parse((string)last["time"]!, CultureInfo.InvariantCulture);

        // The database has a clock of its own.
        Assert.InRange(at, before.AddMinutes(-10), TimeProvider.System.GetUtcNow().AddMinutes(10));
        Assert.Equal(
            ["a/two"], Names(await ReadAsync(host, "jane", "namespaces/a/deletions/configmaps?limit=1")));
        Assert.Empty(await ReadAsync(host, "admin", "deletions/deployments.apps"));
    }

    [Theory]
    [InlineData("jane", "deletions/configmaps", 403, "cannot list resource \"configmaps\" in API group \"\" at the")]
    [InlineData("jane", "namespaces/a/deletions/deployments.apps", 403, "\"deployments\" in API group \"apps\" in the")]
    [InlineData("admin", "deletions", 404, "the server could not find the requested resource")]
    [InlineData("admin", "deletions/configmaps?limit=x", 400, "strconv.ParseInt")]
    public async Task What_cannot_be_told_is_refused(string user, string path, int code, string message)
    {
        await using var host = await StartAsync(isPostgres: false);
        using var answer = await AskAsync(host, user, path);
        Assert.Equal((HttpStatusCode)code, answer.StatusCode);
        Assert.Contains(message, (string?)(await JsonAsync(answer))["message"], StringComparison.Ordinal);
    }

    private static long RevisionOf(JsonNode item) =>
        long.Parse((string)item["resourceVersion"]!, CultureInfo.InvariantCulture);

    private static string[] Names(JsonArray items) => [.. items.Select(i => $"{i!["namespace"]}/{i["name"]}")];

    private static async Task<ProtocolHost> StartAsync(bool isPostgres) => await ProtocolHost.StartAsync(
        new TestSilosOptions
        {
            ConnectionString = isPostgres ? await PostgresFixture.CreateDatabaseAsync() : null,
        },
        static services =>
        {
            services.AddSingleton<IAuthenticator, ByHeader>();
            services.AddSingleton<IAuthorizer, JaneListsA>();
            services.AddObjectHistory();
        });

    private static async Task DeleteAsync(ProtocolHost host, string space, string name) =>
        await host.DeleteAsync(await host.PutAsync(new ObjectKey(space, name), "{}"));

    private static async Task<JsonArray> ReadAsync(ProtocolHost host, string user, string path)
    {
        using var answer = await AskAsync(host, user, path);
        var body = await JsonAsync(answer);
        Assert.True(answer.IsSuccessStatusCode, body.ToJsonString());
        return body["items"]!.AsArray();
    }

    private static async Task<HttpResponseMessage> AskAsync(ProtocolHost host, string user, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Root}/{path}");
        request.Headers.Add("X-User", user);
        return await host.Http.SendAsync(request, Token);
    }

    private static async Task<JsonNode> JsonAsync(HttpResponseMessage answer) =>
        JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!;

    private sealed class JaneListsA : IAuthorizer
    {
        public ValueTask<AuthorizationDecision> AuthorizeAsync(
            AuthorizationAttributes attributes, CancellationToken cancellationToken) => new(
                attributes is { User.Name: "jane", Verb: "list", Group: "", Resource: "configmaps", Namespace: "a" }
                    ? AuthorizationDecision.Allow
                    : AuthorizationDecision.NoOpinion());
    }
}
