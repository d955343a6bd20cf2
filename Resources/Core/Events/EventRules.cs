using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Events;

/// <summary>The rules that events of both groups keep.</summary>
internal static class EventRules
{
    private const int ReportingInstanceMaxLength = 128;
    private const int ActionMaxLength = 128;
    private const int ReasonMaxLength = 128;
    private const int NoteMaxLength = 1024;

    private static readonly FieldPath InvolvedNamespace = FieldPath.Of("involvedObject", "namespace");

    /// <summary>An event with an eventTime is one of the new kind, which says more of its reporter.</summary>
    /// <param name="item">The event.</param>
    /// <param name="reporterField">What the group that was asked calls the reporter.</param>
    /// <param name="errors">Takes the findings.</param>
    public static void Validate(Corev1Event item, string reporterField, FieldErrors errors)
    {
        if (item.EventTime is null)
        {
            ValidateOld(item, errors);
        }
        else
        {
            ValidateNew(item, reporterField, errors);
        }
    }

    private static void ValidateOld(Corev1Event item, FieldErrors errors)
    {
        var involved = item.InvolvedObject?.NamespaceProperty ?? "";
        var own = item.Metadata.NamespaceProperty ?? "";
        var agrees = involved.Length == 0 ? own is "" or "default" : own == involved;
        if (!agrees)
        {
            errors.Invalid(InvolvedNamespace, involved, "does not match event.namespace");
        }
    }

    private static void ValidateNew(Corev1Event item, string reporterField, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(item.InvolvedObject?.NamespaceProperty) &&
            item.Metadata.NamespaceProperty is not ("default" or "kube-system"))
        {
            errors.Invalid(InvolvedNamespace, "", "does not match event.namespace");
        }

        var reporter = item.ReportingComponent ?? "";
        if (reporter.Length == 0)
        {
            errors.Required(FieldPath.Of(reporterField));
        }

        if (!NameRules.IsQualifiedName(reporter))
        {
            errors.InvalidEach(FieldPath.Of(reporterField), reporter, NameRules.QualifiedName(reporter));
        }

        RequireShort("reportingInstance", item.ReportingInstance, ReportingInstanceMaxLength, errors);
        RequireShort("action", item.Action, ActionMaxLength, errors);
        RequireShort("reason", item.Reason, ReasonMaxLength, errors);
        if (NameRules.ByteCount(item.Message ?? "") > NoteMaxLength)
        {
            errors.Invalid(FieldPath.Of("message"), "", $"can have at most {NoteMaxLength} characters");
        }
    }

    private static void RequireShort(string field, string? value, int maxLength, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(value))
        {
            errors.Required(FieldPath.Of(field));
        }
        else if (NameRules.ByteCount(value) > maxLength)
        {
            errors.Invalid(FieldPath.Of(field), "", $"can have at most {maxLength} characters");
        }
    }
}
