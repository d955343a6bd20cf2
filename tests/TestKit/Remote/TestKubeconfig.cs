namespace OrleansOrchestrator.TestKit.Remote;

/// <summary>A kubeconfig that says where a server of a test is, as configurations of webhooks have it.</summary>
public static class TestKubeconfig
{
    /// <summary>Writes one into a folder; its path.</summary>
    public static string Write(string folder, TestAuthority authority, string url, string user = "token: secret")
    {
        var path = Path.Combine(folder, "webhook.kubeconfig");
        File.WriteAllText(path, $$"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: them
              cluster: {server: '{{url}}', certificate-authority-data: '{{Convert.ToBase64String(authority.Bundle)}}'}
            users:
            - name: us
              user: {{{user}}}
            contexts:
            - name: it
              context: {cluster: them, user: us}
            current-context: it
            """);
        return path;
    }
}
