namespace OrleansOrchestrator.Logs.Lines;

/// <summary>How bad a line says it is; found by <see cref="SeverityDetector"/>.</summary>
public enum Severity
{
    /// <summary>The line does not say.</summary>
    None,
    Debug,
    Info,
    Warning,
    Error,
    Fatal,
}

/// <summary>What is known of a line besides its text: one byte in segments, so its bits never change.</summary>
public readonly record struct LineFlags(byte Bits)
{
    private const byte StderrBit = 1;
    private const int SeverityShift = 1;
    private const int SeverityMask = 7;

    public static LineFlags Of(bool isStderr, Severity severity = Severity.None) =>
        new((byte)((isStderr ? StderrBit : 0) | ((int)severity << SeverityShift)));

    public bool IsStderr => (Bits & StderrBit) != 0;

    /// <summary>Severities of later releases read as the worst that is known here.</summary>
    public Severity Severity => (Severity)Math.Min((Bits >> SeverityShift) & SeverityMask, (int)Severity.Fatal);

    public LineFlags With(Severity severity) => Of(IsStderr, severity);
}
