using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;
using OrleansOrchestrator.Dashboard;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// A session of the dashboard with an administrator's rights: a token of a ServiceAccount of its own, which ends by
/// itself. The page cannot use the client certificate that a kubeconfig holds, so the kubeconfig asks for the token.
/// </summary>
/// <param name="kubeconfig">Who may make ServiceAccounts, their tokens and bindings of roles.</param>
/// <param name="lifetime">How long the token is good.</param>
public sealed class DashboardSession(string kubeconfig, TimeSpan lifetime)
{
    private const string Space = "kube-system";
    private const string Name = "orc-dashboard";
    private const string Role = "cluster-admin";

    /// <summary>The address. The token is in its fragment, which no server is sent and no log sees.</summary>
    public async Task<Uri> OpenAsync(CancellationToken cancellationToken)
    {
        using var client = Kubeconfig.Connect(kubeconfig);
        try
        {
            await RequirePageAsync(client, cancellationToken);
            await EnsureAsync(token => client.CoreV1.CreateNamespacedServiceAccountAsync(
                new V1ServiceAccount { Metadata = new V1ObjectMeta { Name = Name } }, Space, cancellationToken: token),
                cancellationToken);
            await EnsureAsync(token => client.RbacAuthorizationV1.CreateClusterRoleBindingAsync(
                Binding, cancellationToken: token), cancellationToken);
            var request = new Authenticationv1TokenRequest
            {
                Spec = new V1TokenRequestSpec { Audiences = [], ExpirationSeconds = (long)lifetime.TotalSeconds },
            };
            var answer = await client.CoreV1.CreateNamespacedServiceAccountTokenAsync(
                request, Name, Space, cancellationToken: cancellationToken);
            return new Uri(client.BaseUri, $"{DashboardHost.Path}#token={Uri.EscapeDataString(answer.Status.Token)}");
        }
        catch (HttpRequestException unreachable)
        {
            throw new UserErrorException($"The cluster at {client.BaseUri} does not answer: {unreachable.Message}");
        }
        catch (HttpOperationException refused)
        {
            throw new UserErrorException($"The cluster refuses: {refused.Response.Content}");
        }
    }

    private static V1ClusterRoleBinding Binding => new()
    {
        Metadata = new V1ObjectMeta { Name = Name },
        RoleRef = new V1RoleRef { ApiGroup = V1ClusterRole.KubeGroup, Kind = V1ClusterRole.KubeKind, Name = Role },
        Subjects = [new Rbacv1Subject { Kind = V1ServiceAccount.KubeKind, Name = Name, NamespaceProperty = Space }],
    };

    /// <summary>An address with an administrator's token is not made for a page that is not there.</summary>
    private static async Task RequirePageAsync(Kubernetes client, CancellationToken cancellationToken)
    {
        using var page = await client.HttpClient.GetAsync(
            new Uri(client.BaseUri, DashboardHost.Path), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (page.StatusCode == HttpStatusCode.NotFound)
        {
            var why = await page.Content.ReadAsStringAsync(cancellationToken);
            throw new UserErrorException($"There is no page at {client.BaseUri}: {why.Trim()}.");
        }
    }

    private static async Task EnsureAsync(
        Func<CancellationToken, Task> createAsync, CancellationToken cancellationToken)
    {
        try
        {
            await createAsync(cancellationToken);
        }
        catch (HttpOperationException there) when (there.Response.StatusCode == HttpStatusCode.Conflict)
        {
            // An earlier session made it.
        }
    }
}
