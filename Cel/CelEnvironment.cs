using System.Collections.Frozen;
using OrleansOrchestrator.Cel.Checking;
using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Libraries;
using OrleansOrchestrator.Cel.Syntax;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel;

/// <summary>
/// What expressions may say: variables, functions, types. It never changes; each <c>With…</c> makes another that has
/// more,
/// so that a base is built once and extended for each use.
/// </summary>
public sealed class CelEnvironment
{
    private readonly List<Macro> _macros;
    private readonly ParserOptions _parsing;
    private readonly bool _isStrict;

    private CelEnvironment(
        Declarations declarations, FrozenDictionary<string, CelSchema> schemas, List<Macro> macros, bool hasOptionals,
        bool isStrict)
    {
        Declarations = declarations;
        Schemas = schemas;
        _macros = macros;
        _isStrict = isStrict;
        _parsing = new ParserOptions(
            macros.ToLookup(static m => m.Name, StringComparer.Ordinal), hasOptionals, HasEscapedNames: false);
    }

    /// <summary>The language with its own functions and macros.</summary>
    public static CelEnvironment Standard { get; } = new CelEnvironment(
        new Declarations
        {
            Variables = FrozenDictionary<string, Variable>.Empty,
            Functions = FrozenDictionary<string, CelFunction>.Empty,
            Types = FrozenDictionary<string, CelType>.Empty,
            Constants = FrozenDictionary<string, CelValue>.Empty,
            Objects = FrozenDictionary<string, CelSchema>.Empty,
        },
        FrozenDictionary<string, CelSchema>.Empty, [.. Macro.Standard], hasOptionals: false, isStrict: false)
        .With(StandardLibrary.Operators).With(StandardLibrary.Functions).With(TimeLibrary.Library);

    /// <summary>
    /// What Kubernetes gives all its expressions, but for what knows quantities and named formats, which
    /// <c>Resources</c> adds.
    /// </summary>
    public static CelEnvironment Kubernetes { get; } = Standard.WithStrictLiterals()
        .With(OptionalLibrary.Library)
        .With(StringLibrary.Library)
        .With(SetLibrary.Library)
        .With(ListLibrary.Kubernetes)
        .With(ListLibrary.Extended)
        .With(TwoVariableLibrary.Library)
        .With(RegexLibrary.Library)
        .With(UrlLibrary.Library)
        .With(AddressLibrary.Library)
        .With(SemverLibrary.Library)
        .With(AuthorizerLibrary.Library);

    internal Declarations Declarations { get; }

    internal FrozenDictionary<string, CelSchema> Schemas { get; }

    /// <summary>Whether what only constants make is made once, when a program is.</summary>
    internal bool FoldsConstants => _isStrict;

    /// <summary>With a variable of which only the type is known.</summary>
    /// <exception cref="ArgumentException">There is such a variable.</exception>
    public CelEnvironment WithVariable(string name, CelType type) => WithVariable(name, new CelSchema(type), []);

    /// <summary>With a variable whose fields and sizes are known.</summary>
    /// <exception cref="ArgumentException">There is such a variable.</exception>
    public CelEnvironment WithVariable(string name, CelSchema schema) =>
        WithVariable(name, schema, schema.ObjectTypes());

    private CelEnvironment WithVariable(string name, CelSchema schema, IEnumerable<CelSchema> types)
    {
        var known = Declarations.Variables;
        if (known.ContainsKey(name))
        {
            throw new ArgumentException($"The environment has a variable '{name}' already.", nameof(name));
        }

        var objects = new Dictionary<string, CelSchema>(Declarations.Objects, StringComparer.Ordinal);
        foreach (var type in types)
        {
            objects[type.Type.Name] = type;
        }

        var variable = new Variable(name, schema.Type, known.Count);
        return Copy(
            Declarations with
            {
                Variables = known.Append(new(name, variable)).ToFrozenDictionary(StringComparer.Ordinal),
                Objects = objects.ToFrozenDictionary(StringComparer.Ordinal),
            },
            Schemas.Append(new(name, schema)).ToFrozenDictionary(StringComparer.Ordinal));
    }

    public CelEnvironment With(CelLibrary library)
    {
        var functions = new Dictionary<string, CelFunction>(Declarations.Functions, StringComparer.Ordinal);
        foreach (var function in library.Functions)
        {
            functions[function.Name] = functions.TryGetValue(function.Name, out var known) ? known.With(function)
                : function;
        }

        var objects = library.Objects.SelectMany(static o => o.ObjectTypes()).ToList();
        var declarations = Declarations with
        {
            Functions = functions.ToFrozenDictionary(StringComparer.Ordinal),
            Types = Joined(Declarations.Types,
                library.Types.Concat(objects.Select(static o => o.Type)).Select(static t =>
                    KeyValuePair.Create(t.Name, t))),
            Constants = Joined(Declarations.Constants, library.Constants),
            Objects = Joined(Declarations.Objects, objects.Select(static o => KeyValuePair.Create(o.Type.Name, o))),
        };
        return new CelEnvironment(declarations, Schemas, [.. _macros, .. library.Macros],
            _parsing.HasOptionals || library.HasOptionals, _isStrict);
    }

    /// <summary>
    /// With a root of types that are named by the path of fields, as objects of mutations are: <c>Object</c>,
    /// <c>Object.spec</c> and so on, each with any field.
    /// </summary>
    public CelEnvironment WithOpenObjects(string root) => Copy(Declarations with { OpenRoot = root }, Schemas);

    /// <summary>Compiles an expression: reads it, finds types, and plans its evaluation.</summary>
    public CelCompilation Compile(string text)
    {
        var issues = new Issues(text);
        var parsed = Parser.Parse(text, _parsing, issues);
        if (issues.Any)
        {
            return new CelCompilation(null, issues.ToString());
        }

        var found = Checker.Check(parsed, Declarations, issues);
        if (!issues.Any && _isStrict)
        {
            LiteralRules.Check(parsed.Root, issues);
        }

        return issues.Any
            ? new CelCompilation(null, issues.ToString())
            : new CelCompilation(new CelProgram(text, this, parsed, found), "");
    }

    /// <summary>An activation without values yet.</summary>
    public CelActivation Activate() => new(this);

    internal ParsedExpr Parse(string text, Issues issues) => Parser.Parse(text, _parsing, issues);

    /// <summary>Compiles without looking for types, as the vectors of the language ask for here and there.</summary>
    internal CelCompilation CompileUnchecked(string text)
    {
        var issues = new Issues(text);
        var parsed = Parser.Parse(text, _parsing, issues);
        return issues.Any
            ? new CelCompilation(null, issues.ToString())
            : new CelCompilation(new CelProgram(text, this, parsed, null), "");
    }

    internal CelEnvironment WithContainer(string container) =>
        Copy(Declarations with { Container = container }, Schemas);

    /// <summary>
    /// Elements of a literal must be of one type, literals of times and patterns must be such, and constants are
    /// computed ahead.
    /// </summary>
    private CelEnvironment WithStrictLiterals() => new(
        Declarations with { HasUniformLiterals = true }, Schemas, _macros, _parsing.HasOptionals, isStrict: true);

    private CelEnvironment Copy(Declarations declarations, FrozenDictionary<string, CelSchema> schemas) =>
        new(declarations, schemas, _macros, _parsing.HasOptionals, _isStrict);

    private static FrozenDictionary<string, T> Joined<T>(
        FrozenDictionary<string, T> known, IEnumerable<KeyValuePair<string, T>> more)
    {
        var joined = new Dictionary<string, T>(known, StringComparer.Ordinal);
        foreach (var (name, value) in more)
        {
            joined[name] = value;
        }

        return joined.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
