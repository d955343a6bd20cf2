using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Pods;

/// <summary>
/// Makes a pod's ResourceClaims from their templates and notes them in its status; and gives a pod that was bound past
/// the scheduler the claims that it names.
/// </summary>
public sealed class PodResourceClaimReconciler(ObjectKey key, ReconcilingServices services) : IObjectReconciler
{
    /// <summary>As many as the API allows.</summary>
    private const int MaxHolders = 256;

    private readonly IResourceClient _client =
        services.Client.As(UserIdentity.Controller(PodResourceClaims.Controller));

    private readonly EventRecorder _events = services.Events.For("resource_claim", PodResourceClaims.Controller);

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync<V1Pod>(key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"claims of pod {key}") is not { Metadata.DeletionTimestamp: null } pod
            || PodResourceClaims.IsDone(pod))
        {
            // The claims of a pod that has ended are taken away: it gets no others.
            return ReconcileResult.Done;
        }

        var made = new JsonArray();
        var names = new List<string>();
        foreach (var claim in pod.Spec.ResourceClaims ?? [])
        {
            if (await NameAsync(pod, claim, cancellationToken) is { } name)
            {
                names.Add(name);
                if (claim.ResourceClaimName is null
                    && PodResourceClaims.MadeFor(pod, claim.Name)?.ResourceClaimName != name)
                {
                    made.Add(new JsonObject { ["name"] = claim.Name, ["resourceClaimName"] = name });
                }
            }
        }

        if (made.Count > 0)
        {
            var patch = new JsonObject
            {
                ["metadata"] = new JsonObject { ["uid"] = pod.Metadata.Uid },
                ["status"] = new JsonObject { ["resourceClaimStatuses"] = made },
            };
            Expect(await _client.PatchStatusAsync<V1Pod>(key, patch, cancellationToken));
        }

        if (!string.IsNullOrEmpty(pod.Spec.NodeName))
        {
            await ReserveAsync(pod, names, cancellationToken);
        }

        return ReconcileResult.Done;
    }

    /// <summary>The claim that stands for one of the pod's; null when none is needed.</summary>
    private async Task<string?> NameAsync(V1Pod pod, V1PodResourceClaim claim, CancellationToken cancellationToken)
    {
        if (claim.ResourceClaimTemplateName is not { } templateName)
        {
            return claim.ResourceClaimName;
        }

        if (PodResourceClaims.MadeFor(pod, claim.Name) is { } made)
        {
            if (string.IsNullOrEmpty(made.ResourceClaimName))
            {
                return null;
            }

            if (await HasAsync(pod, made.ResourceClaimName, cancellationToken))
            {
                return made.ResourceClaimName;
            }
        }

        var template = await _client.GetAsync<V1ResourceClaimTemplate>(
            new ObjectKey(key.Namespace, templateName), ReadFreshness.Linearizable, cancellationToken);
        template.ThrowIfRefused($"resource claim template {templateName}", StatusReasons.NotFound);
        if (!template.Succeeded)
        {
            // The claim may have been made, and only not noted, while the template was there.
            var own = PodResourceClaims.NameFor(pod, claim.Name);
            if (await HasAsync(pod, own, cancellationToken))
            {
                return own;
            }

            var quoted = GoText.Quote(templateName);
            var missing = $"resourceclaimtemplate.resource.k8s.io {quoted} not found";
            throw Failed(pod, claim, $"resource claim template {quoted}: {missing}");
        }

        return await MakeAsync(pod, claim, template.Value, cancellationToken);
    }

    private async Task<string> MakeAsync(
        V1Pod pod, V1PodResourceClaim claim, V1ResourceClaimTemplate template, CancellationToken cancellationToken)
    {
        var fresh = PodResourceClaims.New(pod, claim.Name, template);
        var created = await _client.CreateAsync(fresh, cancellationToken);
        if (!created.Succeeded
            && !(created.Error.Reason == StatusReasons.AlreadyExists
                && await HasAsync(pod, fresh.Metadata.Name, cancellationToken)))
        {
            throw Failed(pod, claim, $"create ResourceClaim : {created.Error.Message}");
        }

        return fresh.Metadata.Name;
    }

    /// <summary>The claim is there, and the pod's own: it may be of an attempt before this one.</summary>
    private async Task<bool> HasAsync(V1Pod pod, string claim, CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync<Resourcev1ResourceClaim>(
            new ObjectKey(key.Namespace, claim), ReadFreshness.Linearizable, cancellationToken);
        return read.OrNull($"resource claim {claim} of pod {key}") is { } found
            && PodResourceClaims.IsOwn(pod.Metadata.Uid, found);
    }

    private async Task ReserveAsync(V1Pod pod, List<string> names, CancellationToken cancellationToken)
    {
        foreach (var name in names)
        {
            Expect(await _client.MutateAsync<Resourcev1ResourceClaim>(
                new ObjectKey(key.Namespace, name), "status", c => Reserve(c, pod), cancellationToken));
        }
    }

    /// <summary>False when there is nothing to hold, when the pod holds it, or when nobody else may.</summary>
    private static bool Reserve(Resourcev1ResourceClaim claim, V1Pod pod)
    {
        if (claim.Status?.Allocation is null
            || PodResourceClaims.IsReserved(pod.Metadata.Uid, claim)
            || claim.Status.ReservedFor?.Count >= MaxHolders
            || PodResourceClaims.IsDone(pod))
        {
            return false;
        }

        var holder = new V1ResourceClaimConsumerReference
        {
            Resource = "pods", Name = pod.Metadata.Name, Uid = pod.Metadata.Uid,
        };
        claim.Status.ReservedFor = [.. claim.Status.ReservedFor ?? [], holder];
        return true;
    }

    private ReconcileException Failed(V1Pod pod, V1PodResourceClaim claim, string why)
    {
        var message = $"PodResourceClaim {claim.Name}: {why}";
        _events.Record(EventNote.Warning(pod, "FailedResourceClaimCreation", message));
        return new ReconcileException($"pod {key}, {message}");
    }

    private void Expect(Outcome<ResourceObject> outcome) =>
        outcome.ThrowIfRefused($"claims of pod {key}", StatusReasons.NotFound);
}
