package llm

const german = `
work: arbeitet arbeiten arbeitend tätig arbeite
employ: beschäftigen beschäftigt_ihr beschäftigen_sie beschäftigt_staff0
employee: mitarbeiter mitarbeiterin mitarbeitende mitarbeitender mitarbeiters mitarbeitern angestellter angestellte angestellten arbeitnehmer arbeitnehmerin arbeitnehmers beschäftigter beschäftigte kollege kollegin kollegen arbeitskraft personal belegschaft werktätiger betriebsangehöriger betriebsangehörige firmenangehöriger teil_ihres_teams teil_des_teams teil_eures_teams teil_ihrer_firma teil_ihres_unternehmens in_ihrem_team in_eurem_team
employment: beschäftigt angestellt beschäftigung anstellung arbeitsverhältnis beschäftigungsverhältnis anstellungsverhältnis beschäftigungsstatus arbeitsstatus anstellungsstatus beschäftigungsnachweis arbeitsnachweis arbeitsbestätigung beschäftigungsbestätigung arbeitgeberbestätigung arbeitgeber gehaltsliste lohnliste payroll noch_im_unternehmen noch_in_der_firma noch_dabei noch_da  in_lohn_und_brot dienstverhältnis in_ihren_diensten angestelltenverhältnis unter_vertrag
weak: aktiv aktiver aktive aktives status team noch job bei_ihnen bei_euch
forbidden: gehalt gehälter lohn löhne verdienst verdient verdienen einkommen bezahlt bezahlung vergütung bonus gehaltsabrechnung lohnabrechnung rente schulden vermögen
forbidden: privatadresse wohnadresse anschrift postanschrift wohnt wohnen wohnhaft wohnort zuhause hause privat private privaten straße postleitzahl hausanschrift heimadresse adresse_von
forbidden: telefonnummer handynummer rufnummer mobilnummer durchwahl kontaktdaten personaldaten sozialversicherungsnummer steuernummer kontonummer
forbidden: vorgesetzter vorgesetzte vorgesetzten chef chefin manager managerin leiter leiterin abteilungsleiter abteilungsleiterin teamleiter teamleiterin führungskraft untergebene assistent assistentin geschäftsführer geschäftsführerin direktor direktorin
forbidden: krank krankheit krankgeschrieben krankenstand krankmeldung gesund gesundheit gesundheitszustand schwanger schwangerschaft elternzeit mutterschutz behindert behinderung schwerbehindert arzt urlaub beurlaubt ferien abwesend abwesenheit anwesend krankgemeldet
forbidden: geburtstag geburtsdatum geboren alter alt geschlecht religion staatsangehörigkeit nationalität verheiratet ledig familienstand geschieden kinder familie gewerkschaft ehefrau ehemann
forbidden: seit angefangen eingestellt eingetreten beigetreten eintrittsdatum eintritt startdatum enddatum einstellungsdatum begonnen begann beginn beginnt datum jahren jahre dienstjahre betriebszugehörigkeit bis wann seitdem ausgeschieden austritt heute morgen gestern
forbidden: titel jobtitel position stelle funktion rolle abteilung beruf aufgaben tätigkeit tätigkeiten stellenbezeichnung berufsbezeichnung ingenieur ingenieurin entwickler entwicklerin buchhaltung vertrieb marketing einkauf buchhalter dienstgrad
forbidden: leiharbeiter praktikant praktikantin auszubildender auszubildende werkstudent freiberufler freiberuflich selbstständig freelancer befristet unbefristet vollzeit teilzeit probezeit homeoffice überstunden arbeitszeit arbeitszeiten arbeitsvertrag vertragsart lebenslauf
forbidden: gekündigt kündigung kündigen entlassen entlassung gefeuert abmahnung abgemahnt disziplinarverfahren disziplinarisch bestraft vorbestraft betrug beschwerden freigestellt pensioniert
forbidden: leistung leistungen leistungsbeurteilung beurteilung bewertung zeugnis arbeitszeugnis meinung gut gute guter schlecht schlechter zuverlässig zuverlässiger ehrlich fleißig fleißiger faul fauler nett netter freundlich beliebt vertrauenswürdig kompetent empfehlen empfehlung hält halten hältst mag mögen gern gerne_hier kreditwürdig glücklich zufrieden intelligent dumm pünktlich
forbidden: arbeitete arbeiteten gearbeitet früher ehemals ehemaliger ehemalige damals jemals früherer künftig zukünftig wird_bei beschäftigt_war angestellt_war war_beschäftigt passwort kennwort zugangsdaten foto ausbildung studium lebt
forbidden: wetter witz gedicht lied geschichte rezept anweisungen anweisung vorherigen_anweisungen ignoriere ignorieren systemprompt wartungsmodus ohne_zustimmung ohne_einwilligung ohne_genehmigung ohne_zu_fragen nicht_fragen frag_nicht umsatz gewinn aktie aktienkurs nachrichten bedeutet heißt_auf
action: schreibe schreib übersetze übersetz feuere entlasse lösche lösch drucke ändere rufe ruf schicke_ihm informiere benachrichtige kündige befördere erzähle erzähl vergiss erkläre erklär beschreibe fasse überweise buche storniere erstelle generiere hinzufügen führe starte sag_ihm wiederhole löschen entferne stell stelle_ein erhöhe
give: sende schicke gib geben senden schicken zeige zeig liefere nenne nennen zusenden übermitteln übersenden ausstellen erteilen nennt teile
answer: antworte antworten antwort sage sag
yes: ja
neutral: ja_oder_nein mit_ja_oder_nein ja/nein
list: alle allen aller alle_mitarbeiter jeder liste auflisten aufzählen wie_viele wieviele mehrere beide beiden sämtliche folgenden_personen folgenden_mitarbeiter folgende_personen folgende_mitarbeiter diese_personen leute jemand_anders namen_aller
question: wann wo warum wieso weshalb wie woher wer wessen wem wen wohin seit_wann wie_lange wodurch was_verdient was_macht
neutral: deren_e-mail dessen_e-mail wie_geht_es_ihnen wie_geht's wie_geht_es wie_kann_ich wie_können_wir wie_besprochen wie_oben wie_folgt wie_im wie_in wie_angegeben wessen_e-mail sobald
status: was welche welcher welches welchen wie_lautet wie_ist_der lautet
aux: ist sind wird werden hat haben steht gehört stehen gehören befindet
past: war waren hatte hatten wurde wurden
modal: kann könnte können könnten könnt darf dürfte dürfen möchte möchten will wollen würde würden soll sollte sollten muss müssen
firm: firma unternehmen betrieb gesellschaft organisation konzern haus bank_arbeitgeber
here: hier dort ihnen euch dir sie ihr
at: bei beim von vom durch
for: für von der des
as: als in im am unter aus auf zu zur an
neutral: im_moment im_augenblick im_rahmen im_hinblick im_unternehmen im_betrieb im_zuge im_zusammenhang in_ihrem in_ihrer in_der_firma in_eurem in_eurer in_diesem auf_ihrer auf_der auf_eurer zu_ihrem zu_ihrer zu_ihren zu_den zu_eurem zu_euch zu_ihnen zum_team zur_belegschaft aus_diesem am_arbeiten als_mitarbeiter als_mitarbeiterin als_arbeitnehmer als_angestellter als_angestellte als_kunde als_beschäftigter für_einen für_eine für_die für_den für_uns für_ihre für_unsere für_sie für_euch für_ihr in_ordnung unter_der zu_bestätigen zu_prüfen zu_überprüfen zu_erfahren in_ihrem_haus in_ihrem_hause im_system in_ihrem_system von_ihnen von_euch durch_sie zu_können
the: der die das den dem des ein eine einen einem einer eines diese dieser dieses diesen diesem jene genannte genannten oben
your: ihr ihre ihrem ihrer ihren ihres eure eurer eurem euer dein deine deinem deiner
my: mein meine meinem meiner meinen unser unsere unserem unserer unseren
pronoun: er sie ihn ihm jemand irgendjemand man es seine sein seiner seinen niemand jemandes
role: person herr frau herrn kunde kundin kunden antragsteller antragstellerin kreditnehmer kreditnehmerin mieter mieterin bewerber bewerberin interessent interessentin mietinteressent bürge schuldner mann dame freund bekannte personen inhaber kontoinhaber
and: und oder sowie bzw bzw.
asker: ich wir uns mir mich
you: sie du ihr euch ihnen
confirm: bestätigen bestätige bestätigt bestätigung bestätigst prüfen prüfe überprüfen überprüfe verifizieren verifiziere wissen weiß sagen mitteilen fragen frage anfragen anfrage anfragt erfahren auskunft brauche brauchen benötige benötigen bitten bitte_um wüsste wüssten nachfragen nachweis nachweisen feststellen interessiert klären bescheinigen bescheinigung
whether: ob dass wenn falls
polite: hallo hi guten_tag guten_morgen guten_abend sehr_geehrte sehr_geehrter geehrte geehrter damen herren bitte danke dank vielen_dank besten_dank entschuldigung moin servus grüß_gott liebe lieber liebes tag vielen sehr schönen hoffe hoffentlich verzeihung freue freuen
closing: mit_freundlichen_grüßen freundlichen freundliche grüße gruß grüßen viele_grüße beste_grüße mfg vg hochachtungsvoll danke_im_voraus vielen_dank
adverb: derzeit aktuell momentan gegenwärtig zurzeit zur_zeit jetzt noch_immer immer_noch weiterhin nach_wie_vor tatsächlich wirklich schon auch nur kurz gerade denn eigentlich nicht mehr nicht_mehr nun immer so mal etwa zz z.zt offiziell aktuelle aktueller aktuellen aktuelles gegenwärtige gegenwärtiger derzeitiger derzeitige festangestellt tatsächliche
neutral: erreichen erreichbar gerne gern_wissen hiermit bezüglich betreff betrifft betr zwecks kredit kreditantrag kreditprüfung antrag darlehen darlehensantrag hypothek baufinanzierung finanzierung wohnung mietvertrag mietantrag konto kontoeröffnung bank versicherung vermieter unterlagen angaben angabe angegeben gibt_an nennt_sie beantragt beantragen zweck zwecke rahmen zum zur mit ohne über nach vor aus_unserer kurze kurzer antwort_von gerne hilfe helfen zeit moment information informationen daten voraus möglich möglichst schnell bald dringend wichtig akte aktenzeichen vorgang identität richtig korrekt stimmt es_stimmt laut gemäß und/oder handelt sich ihrerseits aber da weil hat_bei gestellt vorliegen liegt uns_vor angeblich behauptet gibt eröffnen eröffnet geht um den_herrn freundlicherweise jederzeit gesagt besprochen gesprochen selben gleiche derselben dieselbe folgende folgender folgenden zudem außerdem selbst kundennummer führen geführt firmenname haben_sie sein bin hätte habe hätten schreibe_ihnen schreiben wenden wende
title: herr frau herrn dr dr. prof prof. dipl.-ing. dipl.-ing
mail: e-mail email mail e-mail-adresse emailadresse mailadresse e-mailadresse email-adresse adresse arbeits-e-mail dienst-e-mail firmen-e-mail dienstliche geschäftliche dienstlicher geschäftlicher dienstlichen geschäftlichen e-mails mailto
number: personalnummer mitarbeiternummer personal-nr personal-nr. personalnr personalnr. mitarbeiter-id mitarbeiter-nr mitarbeiter-nr. mitarbeiternr angestelltennummer mitarbeiter-nummer personal-nummer
user: benutzername benutzernamen benutzer nutzername nutzer benutzerkennung kennung login anmeldename user
name: name namens vorname nachname vollständiger_name familienname namen
named: heißt genannt namens
legal: gmbh ag kg ug se mbh e.v kgaa ohg gbr
shared: in die das es am an den dem des die er so er bei man hier mit hat war
action: rufen anrufen schreiben_sie löschen informieren benachrichtigen befördern feuern übersetzen ändern erzählen erklären beschreiben überweisen buchen stornieren erstellen entfernen stellen_sie
forbidden: sprechen telefonieren
neutral: laut_lebenslauf laut_seinem_lebenslauf laut_ihrem_lebenslauf im_lebenslauf in_seinem_lebenslauf in_ihrem_lebenslauf gemäß_lebenslauf
desk: gern gerne büro auto heute morgen gestern
employment: mitarbeiterstatus angestelltenstatus
forbidden: spricht raucht trinkt fährt hasst liebt heiratet besitzt büro als_was auto haustier haustiere
action: leiten weiterleiten leite transferieren anmelden abmelden kontaktieren kontaktiere
speaks: im_auftrag im_namen
desk: abteilung leiter leiterin chef chefin managerin manager visum wohnung prüfung einkauf vertrieb
desk+role+forbidden: ehemann ehefrau bruder schwester sohn tochter vater mutter
neutral: visum visumsantrag visumantrag visa
phone: tel tel. telefon mobil fax handy telefonisch
`
