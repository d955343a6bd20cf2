using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Grains.Rbac.ClusterRoles;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>Roles that are made of others, with the controller that puts them together.</summary>
public sealed class AggregatedRolesTests
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1";
    private const string Roles = $"{Rbac}/clusterroles";
    private const string Read = """{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}""";
    private const string Write = """{"apiGroups":[""],"resources":["pods"],"verbs":["create"]}""";

    [Fact]
    public async Task ARoleHasTheRulesOfItsPartsAndNoneWhenTheLastHasGone()
    {
        await using var server = await StartAsync();
        await server.MakeAsync(Roles, Role("part", Read, "a"));
        await server.MakeAsync(Roles, Sum("sum", Write, "a"));

        Assert.Equal($"[{Read}]", await StepAsync(server));

        await server.SendAsync("DELETE", $"{Roles}/part");
        Assert.Equal("null", await StepAsync(server));
        Assert.Equal("null", await StepAsync(server));
    }

    [Fact]
    public async Task ARoleWithoutPartsKeepsWhatItWasGiven()
    {
        await using var server = await StartAsync();
        await server.MakeAsync(Roles, Sum("sum", Write, "a"));

        Assert.Equal($"[{Write}]", await StepAsync(server));
    }

    [Fact]
    public async Task RulesThatAnUpdateOfTheControllerLeftGo()
    {
        await using var server = await StartAsync();
        await server.MakeAsync($"{Roles}?fieldManager=kube-controller-manager", Sum("sum", Write, "a"));

        Assert.Equal("null", await StepAsync(server));
    }

    private static async Task<Server> StartAsync()
    {
        var server = await Server.StartAsync();
        await server.MakeAsync(Roles, Role("all", """{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}""", "none"));
        await server.MakeAsync($"{Rbac}/clusterrolebindings", $$$"""
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"all"},
             "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"all"},
             "subjects":[{"kind":"ServiceAccount","namespace":"kube-system",
                          "name":"{{{ClusterRoleReconciler.Controller}}}"}]}
            """);
        return server;
    }

    /// <summary>The role's rules after the controller has looked at it.</summary>
    private static async Task<string> StepAsync(Server server)
    {
        await server.SendAsync("GET", Roles); // the cache, in which the controller looks, knows of all by then
        var client = server.Services.GetRequiredService<IResourceClient>();
        using var events = new EventSink(client, TimeProvider.System, NullLogger<EventSink>.Instance);
        var services = new ReconcilingServices(
            server.Services, Options.Create(new ControllersOptions()), TimeProvider.System, events,
            new MemoryChildCursors());
        await new ClusterRoleReconciler(new ObjectKey("", "sum"), services).ReconcileAsync(
            TestContext.Current.CancellationToken);
        var answer = await server.SendAsync("GET", $"{Roles}/sum");
        Assert.True(answer.Body.AsObject().ContainsKey("rules"));
        return answer.Body["rules"]?.ToJsonString() ?? "null";
    }

    private static string Role(string name, string rule, string part) => $$$"""
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","rules":[{{{rule}}}],
         "metadata":{"name":"{{{name}}}","labels":{"part":"{{{part}}}"} } }
        """;

    private static string Sum(string name, string rule, string part) => $$$"""
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"{{{name}}}"},
         "rules":[{{{rule}}}],"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"part":"{{{part}}}"} }]} }
        """;
}
