using System.Security.Cryptography;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Secrets;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// Who begins with a bootstrap token: it is good for as long as its Secret says so, which is looked up each time
/// (upstream's <c>authenticator/token/bootstrap</c>).
/// </summary>
public sealed class BootstrapTokens(IResourceClient client, TimeProvider time)
{
    private const string UserPrefix = "system:bootstrap:";

    /// <summary>Who bears this token; null when it is none, or not good.</summary>
    public async Task<UserIdentity?> AuthenticateAsync(string token, CancellationToken cancellationToken)
    {
        if (BootstrapToken.Split(token) is not var (id, secret))
        {
            return null;
        }

        var key = new ObjectKey(BootstrapToken.Namespace, BootstrapToken.NamePrefix + id);
        var read = await client.GetAsync<V1Secret>(key, ReadFreshness.Linearizable, cancellationToken);
        return read.Succeeded
            && read.Value.Metadata.DeletionTimestamp is null
            && BootstrapToken.Read(read.Value) is { Authenticates: true, Groups: { } groups } known
            && !(known.Expires <= time.GetUtcNow())
            && CryptographicOperations.FixedTimeEquals(
                Encoding.UTF8.GetBytes(known.Secret), Encoding.ASCII.GetBytes(secret))
            ? new UserIdentity { Name = UserPrefix + id, Groups = [.. groups, SystemNames.Authenticated] }
            : null;
    }
}
