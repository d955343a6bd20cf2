using OrleansOrchestrator.TestKit;

namespace OrleansOrchestrator.Golden;

/// <summary>Rights that a test gives to somebody.</summary>
internal static class GivenRights
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Gives a user rights everywhere, and waits until decisions follow them.</summary>
    /// <param name="server">The server.</param>
    /// <param name="user">Somebody without rights before.</param>
    /// <param name="rules">Each in JSON.</param>
    /// <param name="allowed">What the user may get then.</param>
    /// <param name="status">The answer to that.</param>
    public static async Task GiveAsync(
        this Server server, string user, IEnumerable<string> rules, string allowed, int status)
    {
        await server.SendAsync("POST", $"{Rbac}/clusterroles", $$"""
            {"metadata":{"name":"of-{{user}}"},"rules":[{{string.Join(',', rules)}}]}
            """);
        await server.MakeAsync($"{Rbac}/clusterrolebindings", $$"""
            {"metadata":{"name":"of-{{user}}"},
             "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"of-{{user}}"},
             "subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"{{user}}"}]}
            """);
        await Patiently.UntilAsync(
            Patience, async _ => (await server.SendAsync("GET", allowed, impersonate: user)).Status == status);
    }
}
