using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Apps;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Batch.Jobs;

/// <summary>
/// Findings on a new status. Another controller than ours may write it, so the API holds it to what clients rely on: a
/// Job that has finished stays so, and what it says of itself agrees. A rule about a field is asked only when the field
/// has changed, so that a status which broke it before can still be written. One instance validates one status.
/// </summary>
internal sealed class JobStatusRules
{
    private const string Complete = "Complete";
    private const string Failed = "Failed";
    private const string FailureTarget = "FailureTarget";
    private const string SuccessCriteriaMet = "SuccessCriteriaMet";

    private static readonly FieldPath Path = FieldPath.Of("status");
    private static readonly FieldPath Conditions = Path.Child("conditions");

    private readonly FieldErrors _errors;
    private readonly V1JobSpec _spec;
    private readonly V1JobStatus _next;
    private readonly V1JobStatus _old;
    private readonly bool _isIndexed;

    public JobStatusRules(V1Job job, V1Job old, FieldErrors errors)
    {
        _errors = errors;
        _spec = job.Spec;
        _next = job.Status ?? new V1JobStatus();
        _old = old.Status ?? new V1JobStatus();
        _isIndexed = _spec.CompletionMode == JobSpecRules.Indexed;
    }

    /// <summary>True when a condition holds.</summary>
    public static bool IsTrue(V1JobStatus? status, string type) =>
        status?.Conditions?.Any(c => c.Type == type && c.Status == "True") == true;

    public void Validate()
    {
        Counts();
        Uncounted();
        ConditionsAndTimes();
        Finished();
        Indexes();
        if (IsFinished(_next) && _next.Terminating > 0
            && (_next.Terminating != _old.Terminating || HasChanged(IsFinished)))
        {
            _errors.Invalid(Path.Child("terminating"), _next.Terminating, "terminating>0 is invalid for finished job");
        }

        if (_next.Ready > (_next.Active ?? 0) && (_next.Ready != _old.Ready || HasChanged(s => s.Active ?? 0)))
        {
            _errors.Invalid(Path.Child("ready"), _next.Ready, "cannot set more ready pods than active");
        }

        SuccessCriteria();
        Transitions();
    }

    private static bool IsFinished(V1JobStatus status) => IsTrue(status, Complete) || IsTrue(status, Failed);

    private bool HasChanged<T>(Func<V1JobStatus, T> fact) => !Equals(fact(_next), fact(_old));

    private bool HasChanged(string condition) => HasChanged(s => IsTrue(s, condition));

    private void Refuse(bool isWrong, string message)
    {
        if (isWrong)
        {
            _errors.Invalid(Conditions, message);
        }
    }

    private void Counts()
    {
        WorkloadRules.NonNegative(_next.Active, Path, "active", _errors);
        WorkloadRules.NonNegative(_next.Succeeded, Path, "succeeded", _errors);
        WorkloadRules.NonNegative(_next.Failed, Path, "failed", _errors);
        WorkloadRules.NonNegative(_next.Ready, Path, "ready", _errors);
        WorkloadRules.NonNegative(_next.Terminating, Path, "terminating", _errors);
    }

    private void Uncounted()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var path = Path.Child("uncountedTerminatedPods");
        foreach (var (field, uids) in new[]
        {
            ("succeeded", _next.UncountedTerminatedPods?.Succeeded), ("failed", _next.UncountedTerminatedPods?.Failed),
        })
        {
            for (var i = 0; i < (uids?.Count ?? 0); i++)
            {
                if (string.IsNullOrEmpty(uids![i]))
                {
                    _errors.Invalid(path.Child(field).Index(i), "", "must not be empty");
                }
                else if (!seen.Add(uids[i]))
                {
                    _errors.Duplicate(path.Child(field).Index(i), uids[i]);
                }
            }
        }
    }

    private void ConditionsAndTimes()
    {
        var (isComplete, isFailed) = (IsTrue(_next, Complete), IsTrue(_next, Failed));
        var completes = HasChanged(Complete);
        Refuse(
            isComplete && isFailed && (completes || HasChanged(Failed)),
            "cannot set Complete=True and Failed=true conditions");
        Refuse(
            isComplete && IsTrue(_next, FailureTarget) && (completes || HasChanged(FailureTarget)),
            "cannot set Complete=True and FailureTarget=true conditions");
        var (start, end) = (_next.StartTime, _next.CompletionTime);
        var endPath = Path.Child("completionTime");
        var ends = end != _old.CompletionTime;
        if (end is not null && !isComplete && (completes || ends))
        {
            _errors.Invalid(endPath, Shown(end), "cannot set completionTime when there is no Complete=True condition");
        }

        if (end is null && isComplete && (completes || ends))
        {
            _errors.Required(endPath, "completionTime is required for Complete jobs");
        }

        if (end < start && (ends || start != _old.StartTime))
        {
            _errors.Invalid(endPath, Shown(end), "must be equal to or after `startTime`");
        }

        Refuse(
            isFailed && !IsTrue(_next, FailureTarget) && (HasChanged(Failed) || HasChanged(s => s.FailedIndexes)),
            "cannot set Failed=True condition without the FailureTarget=true condition");
        Refuse(
            isComplete && !IsTrue(_next, SuccessCriteriaMet) && (completes || HasChanged(SuccessCriteriaMet)),
            "cannot set Complete=True condition without the SuccessCriteriaMet=true condition");
    }

    private void Finished()
    {
        if (!IsFinished(_next))
        {
            return;
        }

        var finishes = HasChanged(IsFinished);
        if (_next.Active > 0 && (finishes || HasChanged(s => s.Active ?? 0)))
        {
            _errors.Invalid(Path.Child("active"), _next.Active, "active>0 is invalid for finished job");
        }

        var neverStarts = _spec is { Suspend: true, Completions: 0 };
        if (_next.StartTime is null && !neverStarts && (finishes || _old.StartTime is not null))
        {
            _errors.Required(Path.Child("startTime"), "startTime is required for finished job");
        }

        var uncounted = _next.UncountedTerminatedPods;
        if ((uncounted?.Failed?.Count ?? 0) + (uncounted?.Succeeded?.Count ?? 0) > 0
            && (finishes || !ModelShape.SemanticEquals(uncounted, _old.UncountedTerminatedPods)))
        {
            _errors.Invalid(
                Path.Child("uncountedTerminatedPods"),
                InternalForm.Shown(uncounted),
                "must be empty for finished job");
        }
    }

    private void Indexes()
    {
        var (completed, failed) = (_next.CompletedIndexes ?? "", _next.FailedIndexes);
        var completedChanged = completed != (_old.CompletedIndexes ?? "");
        var failedChanged = failed != _old.FailedIndexes;
        var (completedPath, failedPath) = (Path.Child("completedIndexes"), Path.Child("failedIndexes"));
        if (completedChanged && _spec.Completions is { } all && JobIndexes.Read(completed, all, out _) is { } wrong)
        {
            _errors.Invalid(completedPath, completed, $"error parsing completedIndexes: {wrong}");
        }

        if (failedChanged && failed is not null && _spec is { Completions: { } count, BackoffLimitPerIndex: not null }
            && JobIndexes.Read(failed, count, out _) is { } problem)
        {
            _errors.Invalid(failedPath, failed, $"error parsing failedIndexes: {problem}");
        }

        if (completedChanged && completed.Length > 0 && !_isIndexed)
        {
            _errors.Invalid(
                completedPath, completed, "cannot set non-empty completedIndexes when non-indexed completion mode");
        }

        if (failedChanged && failed is not null && _spec.BackoffLimitPerIndex is null)
        {
            _errors.Invalid(
                failedPath, failed, "cannot set non-null failedIndexes when backoffLimitPerIndex is null");
        }

        if ((failedChanged || completedChanged) && failed is not null && _spec.Completions is { } indexes
            && JobIndexes.FirstShared(completed, failed, indexes) is { } shared)
        {
            _errors.Invalid(failedPath, failed, $"failedIndexes and completedIndexes overlap at index: {shared}");
        }
    }

    private void SuccessCriteria()
    {
        var isMet = IsTrue(_next, SuccessCriteriaMet);
        Refuse(isMet && IsTrue(_next, Failed), "cannot set SuccessCriteriaMet=True and Failed=true conditions");
        Refuse(
            isMet && IsTrue(_next, FailureTarget),
            "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
        Refuse(
            _spec.SuccessPolicy is not null && !isMet && IsTrue(_next, Complete),
            "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True");
    }

    private void Transitions()
    {
        foreach (var type in new[] { Failed, Complete, FailureTarget })
        {
            Refuse(IsTrue(_old, type) && !IsTrue(_next, type), $"cannot disable the terminal {type}=True condition");
        }

        NotDecreased("failed", _next.Failed, _old.Failed);
        if (!_isIndexed || _spec.Completions != _spec.Parallelism)
        {
            NotDecreased("succeeded", _next.Succeeded, _old.Succeeded);
        }

        if (_next.CompletionTime is { } end && _old.CompletionTime is { } before && end != before)
        {
            _errors.Invalid(Path.Child("completionTime"), Shown(end), "field is immutable");
        }

        var resumes = IsTrue(_old, "Suspended")
            && _next.Conditions?.Any(c => c is { Type: "Suspended", Status: "False" }) == true;
        if (_old.StartTime is { } start && start != _next.StartTime && _spec.Suspend != true && !resumes)
        {
            _errors.Invalid(
                Path.Child("startTime"),
                Shown(_next.StartTime),
                "field is immutable for unsuspended job once set");
        }

        var wasMet = IsTrue(_old, SuccessCriteriaMet);
        var isMet = IsTrue(_next, SuccessCriteriaMet);
        Refuse(wasMet && !isMet, "cannot disable the SuccessCriteriaMet=True condition");
        Refuse(
            IsTrue(_old, Complete) && !wasMet && isMet,
            "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions");
    }

    private void NotDecreased(string counter, int? value, int? old)
    {
        if ((value ?? 0) < (old ?? 0))
        {
            _errors.Invalid(Path.Child(counter), value ?? 0, $"cannot decrease the {counter} counter");
        }
    }

    private static string? Shown(DateTime? time) => time?.ToApiText();
}
