using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Api.Writing;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Policy.PodDisruptionBudgets;

namespace OrleansOrchestrator.Api.Subresources;

/// <summary>Evicts a pod: a deletion that disruption budgets may refuse.</summary>
public sealed class EvictionHandler(
    ObjectStore store,
    DisruptionBudgets budgets,
    ObjectUpdater updater,
    ObjectDeleter deleter,
    AdmissionChain admission,
    TimeProvider time) : ISubresource
{
    /// <summary>Attempts when a pod that was not running when it was looked at keeps changing.</summary>
    private const int MaxAttempts = 20;

    private static readonly ExpectedBody Expected =
        new(TypedCodec<V1Eviction>.Instance, "policy/v1", "Eviction") { OldApiVersion = "policy/v1beta1" };

    /// <inheritdoc/>
    public string Name => "eviction";

    /// <inheritdoc/>
    public async ValueTask<Outcome<WriteResult>> WriteAsync(WriteRequest request)
    {
        var context = request.Context;
        var read = Read(request);
        if (!read.Succeeded)
        {
            return read.Error;
        }

        var admitted = await admission.AdmitAsync(context, Name, read.Value);
        if (!admitted.Succeeded)
        {
            return admitted.Error;
        }

        var options = DeletionOptions.Validate(admitted.Value.DeleteOptions ?? new V1DeleteOptions());
        for (var attempt = 1; ; attempt++)
        {
            var (outcome, end) = await TryAsync(context, options);
            if (end == AttemptEnd.Final || attempt == MaxAttempts)
            {
                return outcome;
            }
        }
    }

    private static Outcome<V1Eviction> Read(WriteRequest request)
    {
        var context = request.Context;
        var decoded = request.Decode(Expected);
        if (!decoded.Succeeded)
        {
            return decoded.Error;
        }

        var eviction = (V1Eviction)decoded.Value;
        if (ObjectCreator.PlaceInNamespace(context, eviction.Metadata) is { } misplaced)
        {
            return misplaced;
        }

        if ((eviction.Metadata.Name ?? "") != context.Key.Name)
        {
            return StatusErrors.BadRequest("name in URL does not match name in Eviction object");
        }

        return context.Options.DryRun && eviction.DeleteOptions?.DryRun is { Count: > 0 } own && own is not ["All"]
            ? StatusErrors.Unknown(
                $"Non-matching dry-run options in request and content: [All] and [{string.Join(' ', own)}]")
            : eviction;
    }

    /// <summary>
    /// That there is no such pod, and that a budget refuses, comes before what is wrong with the options. Upstream
    /// spends the budget by then; here nothing is spent for an eviction that cannot be.
    /// </summary>
    private async ValueTask<Attempt> TryAsync(WriteContext context, Outcome<DeletionOptions> options)
    {
        var current = await store.GetAsync(context, context.Key, ReadMode.Verified);
        if (current is null)
        {
            return Attempt.Final(StatusErrors.NotFound(context.Resource, context.Key.Name));
        }

        var isDryRun = !options.Succeeded || options.Value.DryRun || context.Options.DryRun;
        var answer = await budgets.AskAsync(context, current.As<V1Pod>(), isDryRun);
        if (!answer.Succeeded)
        {
            return Attempt.Final(answer.Error);
        }

        if (!options.Succeeded)
        {
            return Attempt.Final(options.Error);
        }

        var permit = answer.Value;
        var wanted = options.Value with { DryRun = isDryRun };
        var isTied = permit.IsTied && wanted.ResourceVersion is null;
        var outcome = await EvictAsync(
            context, isTied ? wanted with { ResourceVersion = Text(current.Revision) } : wanted);
        if (outcome.Succeeded || !isTied || outcome.Error.Reason != StatusReasons.Conflict)
        {
            return Attempt.Final(outcome);
        }

        return permit.Budget is { } budget
            ? Attempt.Final(DisruptionRules.StillProcessed(budget))
            : Attempt.Lost(outcome.Error);
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Render(ResourceDefinition definition, ResourceObject item) => BindingHandler.Success;

    private static string Text(long revision) => revision.ToString(CultureInfo.InvariantCulture);

    private async ValueTask<Outcome<WriteResult>> EvictAsync(WriteContext context, DeletionOptions wanted)
    {
        if (!wanted.DryRun)
        {
            var marked = await MarkAsync(context, wanted);
            if (!marked.Succeeded)
            {
                return marked.Error;
            }

            // The revision that was asked for has just been left behind, by this request.
            wanted = wanted.ResourceVersion is null
                ? wanted
                : wanted with { ResourceVersion = Text(marked.Value.Object.Revision) };
        }

        return await deleter.DeleteAsync(context.With(context.Key, isAdmitted: true), wanted);
    }

    /// <summary>Says in the pod's status why it is about to go; who waits for it can tell an eviction from a
    /// failure.</summary>
    private ValueTask<Outcome<WriteResult>> MarkAsync(WriteContext context, DeletionOptions options) =>
        updater.UpdateAsync(context.With(context.Key, "status", isAdmitted: true), current =>
        {
            if (current is null)
            {
                return StatusErrors.NotFound(context.Resource, context.Key.Name);
            }

            if (ObjectDeleter.CheckPreconditions(context, current, options) is { } conflict)
            {
                return conflict;
            }

            var pod = ResourceCodec.Decode<V1Pod>(current.Json);
            AddCondition(pod);
            return Outcomes.Of(pod);
        });

    private void AddCondition(V1Pod pod)
    {
        pod.Status ??= new V1PodStatus();
        pod.Status.Conditions ??= [];
        var condition = pod.Status.Conditions.FirstOrDefault(c => c.Type == "DisruptionTarget");
        if (condition is null)
        {
            condition = new V1PodCondition { Type = "DisruptionTarget" };
            pod.Status.Conditions.Add(condition);
        }

        if (condition.Status != "True")
        {
            condition.LastTransitionTime = ApiTime.Seconds(time.GetUtcNow());
        }

        condition.Status = "True";
        condition.Reason = "EvictionByEvictionAPI";
        condition.Message = "Eviction API: evicting";
    }
}
