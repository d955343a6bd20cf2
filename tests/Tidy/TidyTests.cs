using Xunit;

namespace OrleansOrchestrator.Tidy;

/// <summary>
/// The house's style as tests over its own files. Each shows first, on samples, that its rule can fail; each finding
/// names file, line and remedy.
/// </summary>
public sealed class TidyTests
{
    private static readonly string Long = new('x', CodeRules.MaxColumns + 1);

    [Fact]
    public void References_between_projects_point_down() => Rule.Holds(
        LayoutRules.ReferencesPointDown,
        bad: [Project("Api", "../Grains/Grains.csproj"), Project("NodeAgent", "../Grains/Grains.csproj"), Project("Odd")],
        good: [Project("Silo", "../Api/Api.csproj"), Project("Grains", "../Resources/Resources.csproj")]);

    [Fact]
    public void The_entry_script_knows_its_sources() => Rule.Holds(
        LayoutRules.TheEntryScriptKnowsItsSources,
        bad: [Project("Api", "../Cel/Cel.csproj")],
        good:
        [
            Project("Silo", "../Api/Api.csproj"), Project("NodeAgent", "../Logs/Logs.csproj"), Project("Loose"),
            new("orc", "find \"$root/Api\" \"$root/Silo\" \"$root/NodeAgent\" \"$root/Logs\""),
        ]);

    [Fact]
    public void Folders_say_what_they_hold() => Rule.Holds(
        LayoutRules.FoldersSayWhatTheyHold, bad: [new("Api/Utils/A.cs", ""), new("helpers/A.cs", "")], good: [new("Api/Helpers.cs", "")]);

    [Fact]
    public void Tests_mirror_sources() => Rule.Holds(
        LayoutRules.TestsMirrorSources,
        bad: [new("tests/Api.Tests/FooTests.cs", "")],
        good: [new("Api/Lists/Foo.cs", ""), new("tests/Api.Tests/Lists/FooTests.cs", ""), new("tests/Grains.Tests/FooTests.cs", "")]);

    [Fact]
    public void Files_are_short() => Rule.Holds(
        CodeRules.FilesAreShort,
        bad: [new("A.cs", new string('\n', CodeRules.MaxLines + 1))],
        good: [new("B.cs", new string('\n', CodeRules.MaxLines))]);

    [Fact]
    public void Lines_of_code_are_short() => Rule.HoldsBut(
        Ratchets.LongCodeLines, CodeRules.CodeLinesAreShort, bad: [new("A.cs", Long), new("orc", Long)], good: [new("B.cs", Long[1..])]);

    [Fact]
    public void Lines_of_comments_are_short() => Rule.Holds(
        CodeRules.CommentLinesAreShort, bad: [new("A.cs", $"  // {Long}")], good: [new("B.cs", "// x")]);

    [Fact]
    public void Open_work_names_an_issue() => Rule.Holds(
        CodeRules.OpenWorkNamesAnIssue, bad: [new("A.cs", "// TODO: later"), new("A.sh", "# FIXME")], good: [new("B.cs", "// TODO(#12): then")]);

    [Fact]
    public void No_catch_is_empty() => Rule.Holds(
        CodeRules.NoCatchIsEmpty,
        bad: [new("A.cs", "try { } catch (IOException e) when (e is { }) {\n }"), new("B.cs", "try { } catch { }")],
        good: [new("C.cs", "// catch { }\ntry { } catch (IOException)\n{\n    // It is gone, as it should be.\n}")]);

    [Fact]
    public void Files_are_made_with_their_mode() => Rule.Holds(
        files => CodeRules.FilesAreMadeWithTheirMode(files, Ratchets.MakersOfFiles),
        bad:
        [
            new("Silo/A.cs", "File.WriteAllText(path, key);"),
            new("NodeAgent/X/A.cs", "Directory.CreateDirectory(path);"),
            new("Api/A.cs", "new FileStream(path, FileMode.Create)"),
        ],
        good:
        [
            new("Machine/OwnFiles.cs", "Directory.CreateDirectory(path, mode);"),
            new("Silo/B.cs", "OwnFiles.Write(path, key); File.ReadAllText(path); File.CreateSymbolicLink(a, b);"),
            new("tests/A.cs", "File.WriteAllText(path, text);"),
        ]);

    [Fact]
    public void Queries_are_read_in_one_way() => Rule.Holds(
        CodeRules.QueriesAreReadInOneWay,
        bad: [new("Api/A.cs", "request.Query[\"a\"]"), new("Api/B.cs", "query.ContainsKey(\"b\")")],
        good: [new("Api/C.cs", "new QueryReader(request.Query).Text(\"a\")"), new("NodeAgent/D.cs", "query[\"a\"]")]);

    [Fact]
    public void Catching_everything_is_told() => Rule.Holds(
        files => CodeRules.BroadCatchesSpeak(files, Ratchets.SilentBroadCatches),
        bad: [new("A.cs", "try { } catch (Exception e) { x = 1; }"), new("B.cs", "try { } catch { F(\"throw\"); }"), new("F.cs", "try { } catch (Exception) when (!stop) { F(); }")],
        good:
        [
            new("C.cs", "try { } catch (Exception e) { LogFailed(e); }"),
            new("D.cs", "try { } catch { F(); throw; }"),
            new("E.cs", "try { } catch (Exception e) when (e is IOException) { F(); }"),
        ]);

    [Fact]
    public void Folders_form_no_circle() => Rule.Holds(
        LayoutRules.FoldersFormNoCircle,
        bad: [new("Grains/Kernel/D.cs", "using OrleansOrchestrator.Grains.Apps;")],
        good:
        [
            new("Grains/Kernel/A.cs", "using System;"),
            new("Grains/Apps/B.cs", "using OrleansOrchestrator.Grains.Kernel;"),
            new("Grains/C.cs", "using OrleansOrchestrator.Grains.Apps;"),
        ]);

    [Fact]
    public void Folders_below_do_not_use_what_uses_them() => Rule.Holds(
        NestingRules.FoldersBelowDoNotUseWhatUsesThem,
        bad:
        [
            new("Grains/Apps/Sets/D.cs", "class D { Table t; }"),
            new("Grains/Apps/Sets/E.cs", "var t = new Table(1);"),
            new("Grains/Apps/Sets/F.cs", "class F(int n) : Table(n);"),
            new("Grains/Apps/Sets/G.cs", "class G { Shown s; }"),
        ],
        good:
        [
            new("Grains/Apps/Rows.cs", "using OrleansOrchestrator.Grains.Apps.Sets;\nclass Table;"),
            new("Grains/Apps/Rules.cs", "class Rules;"),
            new("Grains/Apps/Sets/A.cs", "class A { Rules r; } // Table"),
            new("Grains/Apps/Shown.cs", "class Shown { Table t; }"),
            new("Grains/Apps/Sets/C.cs", "class C { int Table(int n) => C.Table(n); Rules? Table { get; } }"),
            new("Grains/Other/B.cs", "class B { Table t; }"),
        ]);

    [Fact]
    public void Names_in_contracts_are_literals() => Rule.Holds(
        CodeRules.ContractNamesAreLiterals,
        bad: [new("A.cs", "[Alias(nameof(A))]"), new("B.cs", "[Immutable, GrainType(Name)]"), new("C.cs", "[GrainInterfaceType(X.Y)]")],
        good: [new("D.cs", "[GenerateSerializer, Alias(\"orch.d\")] // [Alias(nameof(D))]")]);

    [Fact]
    public void No_grain_is_reentrant() => Rule.Holds(
        CodeRules.NoGrainIsReentrant,
        bad: [new("A.cs", "[Reentrant]\nclass A;"), new("B.cs", "[GrainType(\"b\"), Reentrant]")],
        good: [new("C.cs", "// [Reentrant] is banned\nvar s = \"[Reentrant]\";")]);

    [Fact]
    public void Tests_draw_from_their_seed() => Rule.Holds(
        CodeRules.TestsDrawFromTheirSeed,
        bad:
        [
            new("tests/A.cs", "using CsCheck;\nGen.Int.Sample(i => F(i));"),
            new("tests/B.cs", "using CsCheck;\nawait Gen.Int.SampleAsync(F);"),
            new("tests/C.cs", "var r = new Random();"),
            new("tests/D.cs", "using CsCheck;\nvar r = Random.Shared;"),
            new("tests/E.cs", "var seed = Environment.TickCount;"),
        ],
        good:
        [
            new("tests/F.cs", "using CsCheck;\nGen.Int.Check(F); new Random(TestSeed.Current); // Random.Shared"),
            new("tests/G.cs", "metric.Sample(1);"),
            new("tests/SeedKit/H.cs", "using CsCheck;\ngen.Sample(holds); Random.Shared.Next();"),
            new("Grains/I.cs", "Random.Shared.Next();"),
        ]);

    [Fact]
    public void Tests_do_not_poll() => Rule.Holds(
        WaitRules.TestsDoNotPoll,
        bad:
        [
            new("tests/A.cs", "while (!done)\n{\n    await Task.Delay(pause, time);\n}"),
            new("tests/B.cs", "for (var i = 0; ; i++) { if (F()) { return; } Thread.Sleep(1); }"),
            new("tests/C.cs", "do { F(); await Task.Delay(1); } while (G());"),
            new("tests/D.cs", "while (!done) await Task.Yield();"),
            new("tests/E.cs", "while (await timer.WaitForNextTickAsync(token)) { if (done) { break; } }"),
            new("tests/F.cs", "while (same < 10) { await timer.WaitForNextTickAsync(token); }"),
        ],
        good:
        [
            new("tests/TestKit/Patiently.cs", "while (true) { await Task.Delay(Pause, time); }"),
            new("tests/G.cs", "while (await timer.WaitForNextTickAsync(token)) { await BeatAsync(); }"),
            new("tests/H.cs", "while (F()) { G(); }\nawait Task.Delay(outage, time);"),
            new("tests/I.cs", "while (F()) { Start(() => Task.Delay(Timeout.InfiniteTimeSpan, time, token)); }"),
            new("tests/J.cs", "await foreach (var s in Patiently.StepsAsync(rest, stop)) { F(); }"),
            new("tests/L.cs", "// while (x) { Task.Delay(1); }"),
            new("Grains/K.cs", "while (true) { await Task.Delay(pause, time); }"),
        ]);

    [Fact]
    public void Nothing_names_one_machine() => Rule.Holds(
        TextRules.NothingNamesOneMachine, bad: [new("A.md", "see /work/x"), new("a.sh", "cd /root/y")], good: [new("B.md", "docs/work/x")]);

    [Fact]
    public void Nothing_names_a_package_registry() => Rule.Holds(
        TextRules.NothingNamesARegistry, bad: [new("A.config", "https://api.nuget.org/v3")], good: [new("B.cs", "docker.io/library/x")]);

    [Fact]
    public void Files_speak_of_the_project_alone() => Rule.Holds(
        TextRules.FilesSpeakOfTheProjectAlone,
        bad: [new("A.md", "made with an LLM"), new("B.cs", "// my worktree"), new("C.md", "a helper agent")],
        good: [new("D.md", "The node agent promptly answers.")]);

    [Fact]
    public void Documents_have_one_title() => Rule.Holds(
        TextRules.DocumentsHaveOneTitle,
        bad: [new("A.md", "text"), new("B.md", "# One\n\n# Two"), new("C.md", "\n# Late")],
        good: [new("D.md", "# One\n\n```\n# a comment\n```\n\n## Part")]);

    [Fact]
    public void Documents_name_what_exists() => Rule.Holds(
        TextRules.DocumentsNameWhatExists,
        bad: [new("A.md", "# A\n`Api/Gone.cs`"), new("docs/B.md", "# B\n[x](gone.md)"), new("C.md", "# C\n`Api/{Lists,Gone}`")],
        good: [new("Api/Lists/A.cs", ""), new("docs/D.md", "# D\n`Api/{Lists}/*.cs`, [x](../Api/Lists/A.cs), `pods/log`")]);

    [Fact]
    public void Bugs_name_tests_that_exist() => Rule.Holds(
        BugRules.BugsNameTestsThatExist,
        bad:
        [
            Bug("`It_was_there`", "-class '*ATests'"), Bug("`BTests`", "-class '*ATests'"),
            Bug("`ATests`", "-class '*BTests'"), Bug("`ATests`", "-method '*ATests.It_was_there'"),
            Bug("`ATests`", "-namespace '*.Lists'"), new("docs/bugs.md", "# B\n|a|`ATests`|`tests/Gone/$T.Gone`|"),
        ],
        good:
        [
            new("tests/Api.Tests/ATests.cs", "namespace O.Api.Tests;\nclass ATests\n{\n public void It_is() {} }"),
            new("tests/Other.Tests/BTests.cs", "namespace O.Other;\nclass BTests;"),
            new("docs/more.md", "# More\n|a|`It_was_there`|`x`|"),
        ]);

    [Fact]
    public void Tests_of_bugs_are_found_by_their_names() => Assert.Empty(BugRules.BugsNameTestsThatExist(
    [
        new("tests/Api.Tests/ATests.cs", "namespace O.Api.Tests;\nclass ATests\n{\n public void It_is() {} }"),
        Bug("`It_is`, `ATests` and `./orc bench`", "-class '*ATests' -method '*ATests.It_*' -namespace '*Api.Tests'"),
        new("docs/bugs.md", "# B\n|a|`It_is`|by hand|"),
    ]));

    [Fact]
    public void Bugs_stand_in_the_table_once() => Rule.Holds(
        BugRules.BugsStandInTheTableOnce,
        bad:
        [
            new("docs/bugs.md", "# B\n|a|b|c|\n|---|---|---|\n|d|e|f|\n\n## Left\n|g|h|i|"),
            new("docs/bugs.md", "# B\n|a|b|c|\n|---|---|---|\n|d|e|f|\n|d|g|h|"),
        ],
        good: [new("docs/other.md", "|a|b|c|"), new("docs/more.md", "|a|\n|a|")]);

    [Fact]
    public void Continuous_integration_runs_what_the_readme_says() => Rule.Holds(
        TextRules.ContinuousIntegrationRunsTheReadme,
        bad: [new("README.md", "# Run make")],
        good: [new(".ci/run", "# As in the README.\nexec \"$(dirname \"$0\")/../orc\" test\n")]);

    [Fact]
    public void Packages_are_used_and_explained() => Rule.Holds(
        TextRules.PackagesAreUsedAndExplained,
        bad: [],
        good:
        [
            new("Directory.Packages.props", "<PackageVersion Include=\"A\" />\n<PackageVersion Include=\"B\" />"),
            new("docs/adr/dependencies.md", "- `A`: for a.\n- `B`: pinned."),
            new("X/X.csproj", "<PackageReference Include=\"A\" />"),
        ]);

    [Fact]
    public void Packages_without_user_or_reason_are_found()
    {
        var versions = new SourceFile("Directory.Packages.props", "<PackageVersion Include=\"A\" />");
        var user = new SourceFile("X/X.csproj", "<PackageReference Include=\"A\" />");
        var reason = new SourceFile("docs/adr/dependencies.md", "- `A`: for a.");
        Assert.Single(TextRules.PackagesAreUsedAndExplained([versions, user]));
        Assert.Single(TextRules.PackagesAreUsedAndExplained([versions, reason]));
    }

    [Fact]
    public void Blanking_keeps_code_and_lines()
    {
        const string text =
            "a(\"x{\"); // b\n$\"t {f(\"u\")} {{v}}\" + '\\'' + @\"\\\" /* w\n */ + \"\"\"p \"q\" \"\"\"; c();";
        var code = CSharpText.Blank(text);
        Assert.Equal(text.Length, code.Length);
        Assert.Equal("a(\" \");\n$\" {f(\" \")} \" + ' ' + @\" \"\n + ; c();", Squeezed(code));
    }

    private static string Squeezed(string code) =>
        string.Join(
            '\n',
            code.Split('\n').Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Trim()))
            .Replace("\n+", "\n +", StringComparison.Ordinal);

    private static SourceFile Bug(string tests, string filters) =>
        new("docs/bugs.md", $"# B\n|a|{tests}|`tests/Api.Tests/$T.Api.Tests {filters}`|");

    private static SourceFile Project(string name, params string[] references) =>
        new($"{name}/{name}.csproj", string.Concat(references.Select(r => $"<ProjectReference Include=\"{r}\" />\n")));
}
