using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>What is allowed as long as nobody has bound the roles that say so, and what these say then.</summary>
public sealed class BuiltInRolesTests
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1";
    private const string SelfReview = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

    public static TheoryData<string, string, string, string> Asked => new()
    {
        { "system:public-info-viewer", "GET", "/version", "system:anonymous" },
        { "system:public-info-viewer", "GET", "/livez", "system:anonymous" },
        { "system:discovery", "GET", "/api", "jane" },
        { "system:basic-user", "POST", SelfReview, "jane" },
    };

    [Theory]
    [MemberData(nameof(Asked))]
    public async Task WhoeverTakesAGroupOutOfABindingIsObeyed(string role, string method, string path, string user)
    {
        await using var server = await Server.StartAsync();
        Assert.True(await IsAllowedAsync(server, method, path, user));

        await BindAsync(server, role);

        Assert.False(await IsAllowedAsync(server, method, path, user));
    }

    /// <summary>Also when nobody has asked while it was there.</summary>
    [Theory]
    [MemberData(nameof(Asked))]
    public async Task WhoeverDeletesABindingIsObeyed(string role, string method, string path, string user)
    {
        await using var server = await Server.StartAsync();
        await BindAsync(server, role);
        await server.MakeAsync($"{Rbac}/clusterroles", """
            {"metadata":{"name":"view"},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"a":"b"}}]}}
            """);
        Assert.Equal(200, (await server.SendAsync("DELETE", $"{Rbac}/clusterrolebindings/{role}")).Status);

        Assert.False(await IsAllowedAsync(server, method, path, user));

        // That the last role goes, too, begins nothing anew.
        Assert.Equal(200, (await server.SendAsync("DELETE", $"{Rbac}/clusterroles/view")).Status);
        Assert.False(await IsAllowedAsync(server, method, path, user));
    }

    /// <summary>What an administrator has closed is not open until it is known to be closed.</summary>
    [Fact]
    public async Task ProbesAloneAreAnsweredUntilRolesCanBeRead()
    {
        await using var server = await Server.StartAsync();
        await using var caches = ActivatorUtilities.CreateInstance<ResourceCaches>(
            server.Services, new LocalRevisions(), new CacheOptions(), TimeProvider.System);
        caches.Close();
        var roles = new BuiltInRoles(caches);

        Assert.Equal(AuthorizationVerdict.Allow, (await AskAsync("/livez")).Verdict);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await AskAsync("/version"));

        ValueTask<AuthorizationDecision> AskAsync(string path) => roles.AuthorizeAsync(
            new AuthorizationAttributes
            {
                User = new UserIdentity { Name = SystemNames.Anonymous, Groups = [SystemNames.Unauthenticated] },
                Verb = "get", IsResourceRequest = false, Path = path,
            },
            new CancellationToken(canceled: true));
    }

    private static Task BindAsync(Server server, string role) => server.MakeAsync($"{Rbac}/clusterrolebindings", $$"""
        {"metadata":{"name":"{{role}}"},
         "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{{role}}"},"subjects":[]}
        """);

    /// <summary>What is allowed when all that was written has arrived in the caches that decide.</summary>
    private static async Task<bool> IsAllowedAsync(Server server, string method, string path, string user)
    {
        var caches = server.Services.GetRequiredService<ResourceCaches>();
        foreach (var resource in new[] { WellKnown.ClusterRoles, WellKnown.ClusterRoleBindings })
        {
            await (await caches.GetAsync(resource, default)).ConsistentAsync(default);
        }

        var answer = await server.SendAsync(method, path, method == "GET" ? null : "{}", impersonate: user);
        Assert.Contains(answer.Status, new[] { 200, 201, 403 });
        return answer.Status != 403;
    }
}
