using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;
using OrleansOrchestrator.Dashboard;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>An address that signs in to the dashboard, once.</summary>
/// <param name="Address">The token is in its fragment, which no server is sent and no log sees.</param>
/// <param name="Bond">The name of the Secret that the token is bound to.</param>
/// <param name="Revision">Of that Secret.</param>
public sealed record DashboardInvitation(Uri Address, string Bond, string Revision);

/// <summary>
/// Sessions of the dashboard with an administrator's rights, as a ServiceAccount of its own. The page cannot use the
/// client certificate that a kubeconfig holds, so the kubeconfig invites it: by a token that is good for minutes, and
/// bound to a Secret of its own, without content. The page changes it for the token of its session and deletes the
/// Secret, and what browsers, terminals and disks keep of the invitation is worth nothing from then on.
/// </summary>
/// <param name="kubeconfig">Who may make ServiceAccounts, their tokens, Secrets, and bindings of roles.</param>
public sealed class DashboardSession(string kubeconfig) : IDisposable
{
    private const string Space = "kube-system";
    private const string Name = "orc-dashboard";
    private const string Role = "cluster-admin";
    private const string Label = "orchestrator.local/dashboard-invitation";

    /// <summary>For how long an invitation is good: the shortest that the API has.</summary>
    public static readonly TimeSpan Validity = TimeSpan.FromMinutes(10);

    private readonly Kubernetes _client = Kubeconfig.Connect(kubeconfig);

    private static V1ClusterRoleBinding Binding => new()
    {
        Metadata = new V1ObjectMeta { Name = Name },
        RoleRef = new V1RoleRef { ApiGroup = V1ClusterRole.KubeGroup, Kind = V1ClusterRole.KubeKind, Name = Role },
        Subjects = [new Rbacv1Subject { Kind = V1ServiceAccount.KubeKind, Name = Name, NamespaceProperty = Space }],
    };

    private static V1Secret Bond => new()
    {
        Metadata = new V1ObjectMeta
        {
            GenerateName = $"{Name}-",
            Labels = new Dictionary<string, string> { [Label] = "" },
            Annotations = new Dictionary<string, string>
            {
                ["kubernetes.io/description"] = "An invitation by 'orc dashboard', unused: it ends with this.",
            },
        },
    };

    /// <summary>Where the page is.</summary>
    public Uri Page => new(_client.BaseUri, DashboardHost.Path);

    /// <summary>Invites to a session; what is left of invitations that nobody has used in time is removed.</summary>
    /// <param name="hours">How long the session is to last.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<DashboardInvitation> InviteAsync(int hours, CancellationToken cancellationToken) => AskAsync(async () =>
    {
        await RequirePageAsync(cancellationToken);
        await UnlessAsync(HttpStatusCode.Conflict, () => _client.CoreV1.CreateNamespacedServiceAccountAsync(
            new V1ServiceAccount { Metadata = new V1ObjectMeta { Name = Name } }, Space,
            cancellationToken: cancellationToken));
        await UnlessAsync(HttpStatusCode.Conflict, () => _client.RbacAuthorizationV1.CreateClusterRoleBindingAsync(
            Binding, cancellationToken: cancellationToken));
        var bond = await _client.CoreV1.CreateNamespacedSecretAsync(Bond, Space, cancellationToken: cancellationToken);
        var token = await TokenAsync(bond, cancellationToken);
        await RemoveEndedAsync(bond, cancellationToken);
        return new DashboardInvitation(
            new Uri(Page, FormattableString.Invariant($"#token={Uri.EscapeDataString(token)}&hours={hours}")),
            bond.Metadata.Name,
            bond.Metadata.ResourceVersion);
    }, cancellationToken);

    /// <summary>Waits until an invitation has been used; false when the cluster stops telling before.</summary>
    public Task<bool> WaitForUseAsync(DashboardInvitation invitation, CancellationToken cancellationToken) =>
        AskAsync(async () =>
        {
            var events = _client.CoreV1.WatchListNamespacedSecretAsync(
                Space, fieldSelector: $"metadata.name={invitation.Bond}", resourceVersion: invitation.Revision,
                cancellationToken: cancellationToken);
            await foreach (var (type, _) in events)
            {
                if (type == WatchEventType.Deleted)
                {
                    return true;
                }
            }

            return false;
        }, cancellationToken);

    public void Dispose() => _client.Dispose();

    /// <summary>Removes the Secrets whose tokens had ended when one was made, by the server's clock.</summary>
    private async Task RemoveEndedAsync(V1Secret made, CancellationToken cancellationToken)
    {
        var all = await _client.CoreV1.ListNamespacedSecretAsync(
            Space, labelSelector: Label, cancellationToken: cancellationToken);
        var end = made.Metadata.CreationTimestamp - Validity;
        foreach (var ended in all.Items.Where(s => s.Metadata.CreationTimestamp < end))
        {
            await UnlessAsync(HttpStatusCode.NotFound, () => _client.CoreV1.DeleteNamespacedSecretAsync(
                ended.Metadata.Name, Space, cancellationToken: cancellationToken));
        }
    }

    private async Task<string> TokenAsync(V1Secret bond, CancellationToken cancellationToken)
    {
        var request = new Authenticationv1TokenRequest
        {
            Spec = new V1TokenRequestSpec
            {
                Audiences = [],
                ExpirationSeconds = (long)Validity.TotalSeconds,
                BoundObjectRef = new V1BoundObjectReference
                {
                    ApiVersion = V1Secret.KubeApiVersion,
                    Kind = V1Secret.KubeKind,
                    Name = bond.Metadata.Name,
                    Uid = bond.Metadata.Uid,
                },
            },
        };
        var answer = await _client.CoreV1.CreateNamespacedServiceAccountTokenAsync(
            request, Name, Space, cancellationToken: cancellationToken);
        return answer.Status.Token;
    }

    /// <summary>Nobody is invited to a page that is not there.</summary>
    private async Task RequirePageAsync(CancellationToken cancellationToken)
    {
        using var page = await _client.HttpClient.GetAsync(
            Page, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (page.StatusCode == HttpStatusCode.NotFound)
        {
            var why = await page.Content.ReadAsStringAsync(cancellationToken);
            throw new UserErrorException($"There is no page at {_client.BaseUri}: {why.Trim()}.");
        }
    }

    private async Task<T> AskAsync<T>(Func<Task<T>> askAsync, CancellationToken cancellationToken)
    {
        try
        {
            return await askAsync();
        }
        catch (HttpRequestException unreachable)
        {
            throw new UserErrorException($"The cluster at {_client.BaseUri} does not answer: {unreachable.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UserErrorException($"The cluster at {_client.BaseUri} does not answer in time.");
        }
        catch (HttpOperationException refused)
        {
            throw new UserErrorException($"The cluster refuses: {refused.Response.Content}");
        }
    }

    /// <summary>Does what may have been done by an earlier invitation.</summary>
    private static async Task UnlessAsync(HttpStatusCode isDone, Func<Task> actAsync)
    {
        try
        {
            await actAsync();
        }
        catch (HttpOperationException done) when (done.Response.StatusCode == isDone)
        {
            // As it is to be.
        }
    }
}
