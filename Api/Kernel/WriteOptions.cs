using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>What happens to unknown and duplicate fields.</summary>
public enum FieldValidation
{
    Ignore,
    Warn,
    Strict,
}

/// <summary><c>CreateOptions</c>, <c>UpdateOptions</c> or <c>PatchOptions</c>, as the query gives them.</summary>
public sealed record WriteOptions
{
    private const string PatchOptions = "PatchOptions";

    /// <summary>What writers in process use.</summary>
    public static readonly WriteOptions Internal =
        new() { FieldValidation = FieldValidation.Ignore, IsInternal = true };

    public bool DryRun { get; init; }

    public FieldValidation FieldValidation { get; init; } = FieldValidation.Warn;

    public string FieldManager { get; init; } = "";

    public bool Force { get; init; }

    /// <summary>By a PATCH, server-side apply too.</summary>
    public bool IsPatch { get; init; }

    /// <summary>By a writer in process, which is not asked for its rights.</summary>
    public bool IsInternal { get; init; }

    /// <summary>Reads and validates the query of a write.</summary>
    /// <param name="query">The query.</param>
    /// <param name="kind">Name of the options in refusals.</param>
    /// <param name="isApply">True for server-side apply, which alone may force.</param>
    public static Outcome<WriteOptions> Read(IQueryCollection query, string kind, bool isApply = false)
    {
        if (query.Count == 0 && !isApply)
        {
            return new WriteOptions { IsPatch = kind == PatchOptions };
        }

        var errors = new FieldErrors();
        var reader = new QueryReader(query);
        var manager = reader.Text("fieldManager");
        var force = reader.OptionalFlag("force");
        if (kind == PatchOptions && !isApply && force is not null)
        {
            errors.Forbidden(FieldPath.Of("force"), "may not be specified for non-apply patch");
        }

        if (isApply && manager.Length == 0)
        {
            errors.Required(FieldPath.Of("fieldManager"), "is required for apply patch");
        }

        CheckManager(manager, errors);
        CheckDryRun(reader.All("dryRun"), errors);
        var validation = reader.Text("fieldValidation");
        if (validation is not ("" or "Ignore" or "Warn" or "Strict"))
        {
            errors.NotSupported(FieldPath.Of("fieldValidation"), validation, ["", "Ignore", "Strict", "Warn"]);
        }

        return errors.Count > 0
            ? errors.ToStatus("meta.k8s.io", kind, "")
            : new WriteOptions
            {
                DryRun = reader.All("dryRun").Count > 0,
                FieldManager = manager,
                Force = force ?? false,
                IsPatch = kind == PatchOptions,
                FieldValidation = validation switch
                {
                    "Ignore" => FieldValidation.Ignore,
                    "Strict" => FieldValidation.Strict,
                    _ => FieldValidation.Warn,
                },
            };
    }

    /// <summary>Only "All" is a dry run.</summary>
    internal static void CheckDryRun(IReadOnlyList<string?> values, FieldErrors errors)
    {
        if (values.Any(v => v != "All"))
        {
            errors.NotSupported(FieldPath.Of("dryRun"), values.Select(v => v ?? "").ToList(), ["All"]);
        }
    }

    private static void CheckManager(string manager, FieldErrors errors)
    {
        const int MaxBytes = 128;
        var path = FieldPath.Of("fieldManager");
        if (System.Text.Encoding.UTF8.GetByteCount(manager) > MaxBytes)
        {
            errors.TooLong(path, MaxBytes);
        }

        var position = 0;
        foreach (var rune in manager.EnumerateRunes())
        {
            if (!GoQuotes.IsPrintable(rune))
            {
                errors.Invalid(path, manager, $"invalid character U+{rune.Value:X4} (at position {position})");
            }

            position += rune.Utf8SequenceLength;
        }
    }
}
