namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>What one version of an object has at a place.</summary>
internal enum SideKind
{
    /// <summary>Nothing: the field, key or element is not written.</summary>
    Absent,

    /// <summary>JSON's null.</summary>
    Null,
    Value,
}

/// <summary>One of two versions of a value that are compared, as its codec would write it.</summary>
internal readonly struct Side<T>
{
    private Side(SideKind kind, T? value) => (Kind, Value) = (kind, value);

    public static Side<T> Absent => default;

    public static Side<T> Null => new(SideKind.Null, default);

    public SideKind Kind { get; }

    public T? Value { get; }

    public bool IsAbsent => Kind == SideKind.Absent;

    public bool HasValue => Kind == SideKind.Value;

    public static Side<T> Of(T value) => new(SideKind.Value, value);
}
