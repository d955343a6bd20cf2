using OrleansOrchestrator.Cel.Types;

namespace OrleansOrchestrator.Cel.Checking;

/// <summary>What stands for type parameters so far, and which types may stand for which.</summary>
internal sealed class Substitution
{
    private Dictionary<string, CelType> _known = new(StringComparer.Ordinal);
    private int _fresh;

    /// <summary>A type that is not known yet.</summary>
    public CelType Fresh() => CelType.Parameter($"_var{_fresh++}");

    /// <summary>
    /// Whether each given type may stand where the wanted one is asked for; what was learned stays if so.
    /// </summary>
    public bool TryAssign(ReadOnlySpan<CelType> wanted, ReadOnlySpan<CelType> given)
    {
        var before = new Dictionary<string, CelType>(_known, StringComparer.Ordinal);
        if (wanted.Length == given.Length && AreAssignable(wanted, given))
        {
            return true;
        }

        _known = before;
        return false;
    }

    public bool TryAssign(CelType wanted, CelType given) => TryAssign([wanted], [given]);

    /// <summary>The type with what is known put in; what is not becomes dyn if so asked.</summary>
    public CelType Apply(CelType type, bool toDyn = false)
    {
        if (!type.HasParameters)
        {
            return type;
        }

        if (type.Kind == CelTypeKind.Parameter)
        {
            return _known.TryGetValue(type.Name, out var found) ? Apply(found, toDyn) : toDyn ? CelType.Dyn : type;
        }

        return Rebuild(type, p => Apply(p, toDyn));
    }

    /// <summary>The type with its parameters renamed.</summary>
    public static CelType Rename(CelType type, IReadOnlyDictionary<string, CelType> names) => !type.HasParameters
        ? type
        : type.Kind == CelTypeKind.Parameter ? names[type.Name]
        : Rebuild(type, p => Rename(p, names));

    /// <summary>The wider of two types of which one may stand for the other.</summary>
    public static CelType MostGeneral(CelType first, CelType second) => IsAsGeneral(first, second) ? first : second;

    private static CelType Rebuild(CelType type, Func<CelType, CelType> change) => type.Kind switch
    {
        CelTypeKind.List => CelType.List(change(type.Parameters[0])),
        CelTypeKind.Map => CelType.Map(change(type.Parameters[0]), change(type.Parameters[1])),
        CelTypeKind.Type => CelType.TypeOf(change(type.Parameters[0])),
        _ => CelType.Opaque(type.Name, [.. type.Parameters.Select(change)]),
    };

    private bool AreAssignable(ReadOnlySpan<CelType> wanted, ReadOnlySpan<CelType> given)
    {
        for (var i = 0; i < wanted.Length; i++)
        {
            if (!IsAssignable(wanted[i], given[i]))
            {
                return false;
            }
        }

        return true;
    }

    private bool IsAssignable(CelType wanted, CelType given)
    {
        if (given.Kind == CelTypeKind.Parameter)
        {
            var (fits, known) = TryStandFor(given, wanted);
            if (fits || known)
            {
                return fits;
            }
        }

        if (wanted.Kind == CelTypeKind.Parameter)
        {
            return TryStandFor(wanted, given).Fits;
        }

        if (IsOpen(wanted) || IsOpen(given))
        {
            return true;
        }

        if (wanted.Kind == CelTypeKind.Null || given.Kind == CelTypeKind.Null)
        {
            return AdmitsNull(wanted.Kind == CelTypeKind.Null ? given : wanted);
        }

        if (wanted.Kind == CelTypeKind.Type)
        {
            return given.Kind == CelTypeKind.Type;
        }

        return wanted.Kind == given.Kind && wanted.Name == given.Name
            && wanted.Parameters.Count == given.Parameters.Count
            && AreAssignable([.. wanted.Parameters], [.. given.Parameters]);
    }

    private static bool IsOpen(CelType type) => type.Kind is CelTypeKind.Dyn or CelTypeKind.Error;

    private static bool AdmitsNull(CelType type) => type.Kind is CelTypeKind.Null or CelTypeKind.Opaque
        or CelTypeKind.Object or CelTypeKind.Timestamp or CelTypeKind.Duration;

    /// <summary>Whether a type may stand for a parameter, and whether something stood for it before.</summary>
    private (bool Fits, bool WasKnown) TryStandFor(CelType parameter, CelType type)
    {
        if (parameter.Equals(type))
        {
            return (true, true);
        }

        if (_known.TryGetValue(parameter.Name, out var found))
        {
            if (found.Equals(type))
            {
                return (true, true);
            }

            if (!IsAssignable(type, found))
            {
                return (false, true);
            }

            var wider = MostGeneral(type, found);
            if (!Occurs(parameter, wider))
            {
                _known[parameter.Name] = wider;
            }

            return (true, true);
        }

        if (Occurs(parameter, type))
        {
            return (false, false);
        }

        _known[parameter.Name] = type;
        return (true, false);
    }

    private bool Occurs(CelType parameter, CelType type)
    {
        if (type.Equals(parameter))
        {
            return true;
        }

        return type.Kind == CelTypeKind.Parameter
            ? _known.TryGetValue(type.Name, out var found) && Occurs(parameter, found)
            : type.HasParameters && type.Parameters.Any(p => Occurs(parameter, p));
    }

    private static bool IsAsGeneral(CelType first, CelType second)
    {
        if (first.Kind is CelTypeKind.Dyn or CelTypeKind.Parameter)
        {
            return true;
        }

        if (second.Kind is CelTypeKind.Dyn or CelTypeKind.Parameter || first.Kind != second.Kind
            || first.Name != second.Name
            || first.Parameters.Count != second.Parameters.Count)
        {
            return false;
        }

        return first.Kind == CelTypeKind.Type
            || first.Parameters.Zip(second.Parameters).All(static p => IsAsGeneral(p.First, p.Second));
    }
}
