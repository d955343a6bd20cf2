using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Figures;

/// <summary>One figure.</summary>
/// <param name="Of">Whose; of a figure of no object the pod that told it.</param>
/// <param name="Value">The number.</param>
/// <param name="Time">When it was told.</param>
/// <param name="Labels">Of a figure of no object: those of the series.</param>
internal sealed record FigureItem(
    ObjectKey Of, double Value, DateTimeOffset Time, IReadOnlyDictionary<string, string> Labels);
