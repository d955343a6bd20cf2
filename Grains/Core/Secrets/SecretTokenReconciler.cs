using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.Resources.Core.Secrets;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Secrets;

/// <summary>
/// Fills one Secret with a token of its service account, and deletes it when there is none; deletes one whose token has
/// an end when that has come.
/// </summary>
public sealed class SecretTokenReconciler : IObjectReconciler
{
    /// <summary>Upstream's name; also the user of all that it writes.</summary>
    public const string Controller = "tokens-controller";

    private readonly ObjectKey _key;
    private readonly IResourceClient _client;
    private readonly ReconcilingServices _services;

    public SecretTokenReconciler(ObjectKey key, ReconcilingServices services)
    {
        _key = key;
        _client = services.Client.As(UserIdentity.Controller(Controller));
        _services = services;
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync(WellKnown.Secrets, _key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"secret {_key}") is not { } item)
        {
            await ForgetAsync(cancellationToken);
        }
        else if (SecretTokenPlanner.AccountOf(item.As<V1Secret>()) is { } account)
        {
            await KeepAsync(item, account, cancellationToken);
        }
        else if (item.As<V1Secret>() is { Type: BootstrapToken.SecretType } token
            && _key.Namespace == BootstrapToken.Namespace)
        {
            return await ExpireAsync(token, cancellationToken);
        }

        return ReconcileResult.Done;
    }

    /// <summary>A token with which machines begin goes at its end (upstream's token cleaner).</summary>
    private async Task<ReconcileResult> ExpireAsync(V1Secret token, CancellationToken cancellationToken)
    {
        var left = BootstrapToken.ExpiryOf(token) - _services.Time.GetUtcNow();
        if (left > TimeSpan.Zero)
        {
            return ReconcileResult.Again(left.Value);
        }

        if (left is not null)
        {
            Expect(await _services.Client.As(UserIdentity.Controller("token-cleaner"))
                .DeleteAsync(token, cancellationToken));
        }

        return ReconcileResult.Done;
    }

    private async Task KeepAsync(ResourceObject item, string name, CancellationToken cancellationToken)
    {
        var account = await _client.GetAsync(
            WellKnown.ServiceAccounts,
            new ObjectKey(_key.Namespace, name),
            ReadFreshness.Linearizable,
            cancellationToken);
        var uid = account.OrNull($"account of secret {_key}")?.Uid;
        var authorities = await _services.Trust.GetAuthorityPemAsync(cancellationToken);
        var secret = item.Clone<V1Secret>();
        switch (SecretTokenPlanner.Compute(secret, uid, authorities))
        {
            case SecretTokenStep.Delete:
                Expect(await _client.DeleteAsync(secret, cancellationToken));
                break;
            case SecretTokenStep.Fill:
                var token = SecretTokenPlanner.Has(secret, SecretTokenPlanner.Token)
                    ? null
                    : await IssueAsync(name, uid!, cancellationToken);
                SecretTokenPlanner.Fill(secret, uid!, authorities, token);
                Expect(await _client.UpdateAsync(secret, cancellationToken));
                break;
        }
    }

    private ValueTask<string> IssueAsync(string account, string uid, CancellationToken cancellationToken) =>
        _services.Tokens.IssueAsync(
            new SecretTokenOrder
            {
                Namespace = _key.Namespace, Secret = _key.Name, ServiceAccount = account, ServiceAccountUid = uid,
            },
            cancellationToken);

    /// <summary>Accounts that name a Secret which is gone name it no longer.</summary>
    private async Task ForgetAsync(CancellationToken cancellationToken)
    {
        var accounts = await _client.ListAsync<V1ServiceAccount>(
            ResourceOf<V1ServiceAccount>.Query(_key.Namespace), cancellationToken);
        foreach (var account in accounts.Where(a => a.Secrets?.Any(s => s.Name == _key.Name) == true))
        {
            Expect(await _client.MutateAsync<V1ServiceAccount>(
                account.Key(),
                "",
                a =>
                {
                    a.Secrets = [.. (a.Secrets ?? []).Where(s => s.Name != _key.Name)];
                    return true;
                },
                cancellationToken));
        }
    }

    private void Expect(Outcome<ResourceObject> outcome) =>
        outcome.ThrowIfRefused($"token of secret {_key}", StatusReasons.NotFound);
}
